"""What the parts of a mesh take: memory, processor time, commands of the log. Limits and docs go by it."""
