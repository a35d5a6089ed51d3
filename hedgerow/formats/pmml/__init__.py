"""PMML documents: checked and read without an engine, scored by PMML4S in a JVM."""
