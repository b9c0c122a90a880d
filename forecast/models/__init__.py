"""Families of models: each fits one area's counts and simulates their future. Knows no panel, file or recipe."""
