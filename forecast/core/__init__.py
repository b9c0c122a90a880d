"""The words of the house: months, areas, tables, errors. Imports nothing of the project."""
