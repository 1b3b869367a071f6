"""Statements about pure modules that a machine checks completely: for all inputs, or up to a bound.

Each test function here is a proof. Its docstring is a row of docs/proofs.md, which `make docs`
writes: what holds, and then three lines.

    Of: the files of which it holds.
    For: what it holds for; `all …` where no bound is left.
    By: the method, and what the method takes for granted.

One that needs more than about 3 s is marked `long`. `make check` runs them all, `make test` none.
"""
