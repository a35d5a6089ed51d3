"""Backups of all that a mesh knows of its models and plans, in pieces (`backup.proto`).

The registry writes them and takes them back; what services keep on their disks is of the same form.
"""
