"""The HTTP face of the project: serves published releases from memory; loads no model."""
