"""Regular languages, their smallest automata, and whether a predicate accepts the same words.

The last is the Wp-method (Fujiwara and others, "Test selection based on finite state models",
1991), Chow's W-method with fewer words. If the predicate is an automaton too, of at most so many
states more than the language needs, then the words that are tried show that it accepts the
language, whatever the length of a word. What the method takes for granted is that number.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Language = tuple[Any, ...]  # a regular expression in a normal form

NOTHING: Language = ("nothing",)
EMPTY: Language = ("empty",)  # the empty word alone


def one_of(symbols: Iterable[Any]) -> Language:
    """The words of one of these symbols."""
    return ("one", frozenset(symbols))


def seq(*parts: Language | str) -> Language:
    """A word of each part, one behind another. A text is that text."""
    result = EMPTY
    for part in reversed(parts):
        languages = [one_of(letter) for letter in part] if isinstance(part, str) else [part]
        for language in reversed(languages):
            result = _pair(language, result)
    return result


def _pair(first: Language, rest: Language) -> Language:
    if NOTHING in (first, rest):
        return NOTHING
    if first == EMPTY:
        return rest
    if rest == EMPTY:
        return first
    if first[0] == "seq":
        return ("seq", first[1], _pair(first[2], rest))
    return ("seq", first, rest)


def alt(*parts: Language | str) -> Language:
    """The words of any of the parts."""
    found: set[Language] = set()
    for part in parts:
        language = seq(part) if isinstance(part, str) else part
        found |= language[1] if language[0] == "alt" else {language}
    found.discard(NOTHING)
    if len(found) < 2:
        return found.pop() if found else NOTHING
    return ("alt", frozenset(found))


def star(part: Language) -> Language:
    """Any number of words of the part."""
    return part if part[0] == "star" else EMPTY if part in (NOTHING, EMPTY) else ("star", part)


def plus(part: Language) -> Language:
    """One or more words of the part."""
    return seq(part, star(part))


def maybe(part: Language | str) -> Language:
    """A word of the part, or nothing."""
    return alt(part, EMPTY)


@functools.cache
def _has_empty(language: Language) -> bool:
    kind = language[0]
    if kind == "seq":
        return _has_empty(language[1]) and _has_empty(language[2])
    if kind == "alt":
        return any(_has_empty(part) for part in language[1])
    return kind in ("empty", "star")


@functools.cache
def _behind(language: Language, symbol: Any) -> Language:
    """What may follow the symbol: Brzozowski's derivative."""
    kind = language[0]
    if kind == "one":
        return EMPTY if symbol in language[1] else NOTHING
    if kind == "seq":
        first = _pair(_behind(language[1], symbol), language[2])
        return alt(first, _behind(language[2], symbol)) if _has_empty(language[1]) else first
    if kind == "alt":
        return alt(*(_behind(part, symbol) for part in language[1]))
    if kind == "star":
        return _pair(_behind(language[1], symbol), language)
    return NOTHING


class Automaton:
    """The smallest automaton of a language over an alphabet.

    follows: for each state the state behind each symbol, by its index. The first state is 0.
    accepts: for each state whether a word may end there.
    """

    def __init__(self, language: Language, alphabet: Sequence[Any]) -> None:
        self.alphabet = list(alphabet)
        states, found = {language: 0}, [language]
        rows = []
        for one in found:  # grows
            row = []
            for symbol in self.alphabet:
                behind = _behind(one, symbol)
                if behind not in states:
                    states[behind] = len(found)
                    found.append(behind)
                row.append(states[behind])
            rows.append(row)
        group = [int(_has_empty(one)) for one in found]
        while True:  # Moore: those of a group that lead to different groups are different
            names: dict[Any, int] = {}
            split = [
                names.setdefault((group[at], *(group[to] for to in row)), len(names))
                for at, row in enumerate(rows)
            ]
            if len(names) == len(set(group)):
                break
            group = split
        # setdefault numbers them in the order of `found`, so the first state stays 0.
        group = split
        self.accepts = [False] * len(names)
        self.follows: list[list[int]] = [[] for _ in names]
        for at, row in enumerate(rows):
            self.accepts[group[at]] = _has_empty(found[at])
            self.follows[group[at]] = [group[to] for to in row]

    def run(self, state: int, word: Iterable[int]) -> int:
        """The state behind a word of indexes."""
        for index in word:
            state = self.follows[state][index]
        return state

    def takes(self, word: Iterable[Any]) -> bool:
        """True for a word of the language."""
        return self.accepts[self.run(0, map(self.alphabet.index, word))]

    def ways(self) -> list[tuple[int, ...]]:
        """A shortest word to each state."""
        found: dict[int, tuple[int, ...]] = {0: ()}
        todo = [0]
        for state in todo:
            for index, to in enumerate(self.follows[state]):
                if to not in found:
                    found[to] = (*found[state], index)
                    todo.append(to)
        return [found[state] for state in range(len(self.follows))]

    def tells_apart(self) -> set[tuple[int, ...]]:
        """Words of which for any two states one is accepted from one of them only."""
        count = len(self.follows)
        words: dict[tuple[int, int], tuple[int, ...]] = {}
        pairs = list(itertools.combinations(range(count), 2))
        for a, b in pairs:
            if self.accepts[a] != self.accepts[b]:
                words[a, b] = ()
        while len(words) < len(pairs):
            new = {}
            for a, b in pairs:
                if (a, b) in words:
                    continue
                for index, (to_a, to_b) in enumerate(
                    zip(self.follows[a], self.follows[b], strict=True)
                ):
                    pair = (to_a, to_b) if to_a < to_b else (to_b, to_a)
                    if pair in words:
                        new[a, b] = (index, *words[pair])
                        break
            words.update(new)
        return self._few(words)

    def _few(self, words: dict[tuple[int, int], tuple[int, ...]]) -> set[tuple[int, ...]]:
        """Fewer words that still tell all states apart: the shortest that split a group."""
        chosen: set[tuple[int, ...]] = set()
        groups = [list(range(len(self.follows)))]
        for word in sorted(set(words.values()), key=len):
            halves = []
            for group in groups:
                ends = {state: self.accepts[self.run(state, word)] for state in group}
                halves += [[one for one in group if ends[one] == end] for end in (True, False)]
            halves = [half for half in halves if half]
            if len(halves) > len(groups):
                chosen.add(word)
                groups = halves
        return chosen

    def tells_from_others(
        self, state: int, words: Iterable[tuple[int, ...]]
    ) -> list[tuple[int, ...]]:
        """Those of the words that tell this state from all others."""
        others = set(range(len(self.follows))) - {state}
        chosen = []
        splits = []
        for word in words:
            wanted = self.accepts[self.run(state, word)]
            split = {one for one in others if self.accepts[self.run(one, word)] != wanted}
            splits.append((split, word))
        while others:
            split, word = max(splits, key=lambda one: len(one[0] & others))
            chosen.append(word)
            others -= split
        return chosen


def difference(
    automaton: Automaton,
    accepts: Callable[[list[Any]], bool],
    extra: int = 0,
    few: Sequence[Any] | None = None,
) -> list[Any] | None:
    """A word on which the predicate and the automaton differ, or None if no tried one does.

    accepts: the predicate; it is given a list of symbols. extra: so many states more than the
    automaton may the predicate have. few: the symbols that are tried in the extra steps; all of
    them if it is not given.
    """
    alphabet = automaton.alphabet
    indexes = [alphabet.index(one) for one in few] if few else range(len(alphabet))
    ends = automaton.tells_apart()
    own_ends = [automaton.tells_from_others(state, ends) for state in range(len(automaton.follows))]
    ways = automaton.ways()
    between = [
        steps for length in range(extra + 1) for steps in itertools.product(indexes, repeat=length)
    ]
    # Which state each way leads to is asked in full; of what follows, whether it is the right one.
    tried = {(*way, *steps, *end) for way in ways for steps in between for end in ends}
    for way, index, steps in itertools.product(ways, range(len(alphabet)), between):
        begin = (*way, index, *steps)
        tried.update(begin + end for end in own_ends[automaton.run(0, begin)])
    for word in tried:
        symbols = [alphabet[index] for index in word]
        if accepts(symbols) != automaton.accepts[automaton.run(0, word)]:
            return symbols
    return None
