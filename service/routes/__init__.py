"""The addresses, one file per resource.
Each reads parameters through `query`, builds bytes through `bodies`, returns an `answers.Answer`.
"""
