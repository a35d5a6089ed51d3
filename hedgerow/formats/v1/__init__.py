"""Generated from protos/hedgerow/formats/v1."""
