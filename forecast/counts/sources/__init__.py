"""Readers of official files, one module per layout; a file is recognised by what it holds, never by its name."""
