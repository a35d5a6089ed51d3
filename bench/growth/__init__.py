"""What a mesh of a given load needs, where its first wall is, and what splitting it changes.

Costs are those of `bench/sizes.json`; nothing is measured here, and the same numbers give the same answers.
"""
