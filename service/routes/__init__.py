"""The addresses, one file per resource: parameters through `query`, an `answers.Answer` out."""
