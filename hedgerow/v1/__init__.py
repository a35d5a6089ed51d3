"""Generated from protos/hedgerow/v1."""
