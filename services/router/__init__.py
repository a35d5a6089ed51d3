"""The router, the starter: admits records, starts their models, answers with what the collector decided."""
