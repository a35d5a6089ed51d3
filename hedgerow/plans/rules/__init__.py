"""How rules are written: a file each, `rule` for what they have in common, `reasons` for what they give."""
