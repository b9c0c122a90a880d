"""Tests of official files, the archive and the bundled table."""
