"""What objects of every kind may have: an owner, a comment, security labels.

And, for a few kinds, a declared dependency on an extension.
"""

from __future__ import annotations

from trunkline.catalog.repair.grants import grants_of
from trunkline.catalog.words import Facts, here, literal

PARTS_WITH_COMMENTS = ("index_comment", "not_null_comment")
"""Comments on what is told as a part of another object."""


def sql_name(kind: str, name: str, facts: Facts) -> str:
    """Return the noun and the name by which SQL knows an object."""
    if kind == "index":
        return f"index {facts['index']}"
    if kind == "database":
        return "database %I"
    return f"{kind} {name}"


def _here_if_database(kind: str, statement: str) -> str:
    return here(statement) if kind == "database" else statement


def _text(kind: str, text: str | None) -> str:
    quoted = "null" if text is None else literal(text)
    return quoted.replace("%", "%%") if kind == "database" else quoted


def comment_on(kind: str, name: str, facts: Facts, word: str = "comment") -> str:
    """Return the statement that gives an object the comment of its facts, or none."""
    target = sql_name(kind, name, facts)
    if word == "index_comment":
        target = f"index {facts['index']}"
    elif word == "not_null_comment":
        owner = facts.get("on", f"domain {name}")
        target = f"constraint {facts['not_null_name']} on {owner}"
    statement = f"comment on {target} is {_text(kind, facts.get(word))};"
    return _here_if_database(kind, statement)


def comment_on_other(target: str, facts: Facts) -> str:
    """Return the statement that comments on what is told for its comment or grants."""
    return f"comment on {target} is {_text('', facts.get('comment'))};"


def owner_to(kind: str, name: str, facts: Facts) -> str:
    """Return the statement that gives an object the owner of its facts."""
    statement = f"alter {sql_name(kind, name, facts)} owner to {facts['owner']};"
    return _here_if_database(kind, statement)


def label(kind: str, name: str, facts: Facts, provider: str) -> str:
    """Return the statement that gives an object the label of its facts, or none."""
    text = _text(kind, facts.get("security_labels", {}).get(provider))
    target = sql_name(kind, name, facts)
    statement = f"security label for {literal(provider)} on {target} is {text};"
    return _here_if_database(kind, statement)


def depend(kind: str, name: str, facts: Facts, extension: str) -> str:
    """Return the statement that makes an object depend on an extension, or not."""
    no = "" if extension in facts.get("needs_extensions", ()) else "no "
    return f"alter {sql_name(kind, name, facts)} {no}depends on extension {extension};"


def finish(kind: str, name: str, facts: Facts) -> list[str]:
    """Return what makes a new object fully its own: owner, comments, labels, grants."""
    statements = []
    if "owner" in facts and not facts.get("of_identity") and "owned_by" not in facts:
        statements.append(owner_to(kind, name, facts))
    for word in ("comment", *PARTS_WITH_COMMENTS):
        if word in facts:
            statements.append(comment_on(kind, name, facts, word))
    statements += [
        label(kind, name, facts, provider)
        for provider in facts.get("security_labels", ())
    ]
    statements += [
        depend(kind, name, facts, extension)
        for extension in facts.get("needs_extensions", ())
    ]
    statements.extend(grants_of(kind, name, facts))
    return statements
