"""The plan file: how it is written, checked, told when wrong, and turned into the nouns of the engine."""
