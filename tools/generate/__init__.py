"""Generators: each writes files of this repository from the code. `python -m tools.generate.NAME`.

Most write text (`make docs`) and take --check; pictures writes the golden pictures
(`make pictures`).
"""
