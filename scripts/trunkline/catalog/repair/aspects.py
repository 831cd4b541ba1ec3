"""What objects of every kind may have: an owner, a comment, security labels."""

from __future__ import annotations

from trunkline.catalog.repair.grants import grants_of
from trunkline.catalog.words import Facts, literal

PARTS_WITH_COMMENTS = ("index_comment", "not_null_comment")
"""Comments on what is told as a part of another object."""


def sql_name(kind: str, name: str, facts: Facts) -> str:
    """Return the noun and the name by which SQL knows an object."""
    if kind == "index":
        return f"index {facts['index']}"
    return f"{kind} {name}"


def comment_on(kind: str, name: str, facts: Facts, word: str = "comment") -> str:
    """Return the statement that gives an object the comment of its facts, or none."""
    target = sql_name(kind, name, facts)
    if word == "index_comment":
        target = f"index {facts['index']}"
    elif word == "not_null_comment":
        target = f"constraint {facts['not_null_name']} on {facts['on']}"
    text = facts.get(word)
    return f"comment on {target} is {'null' if text is None else literal(text)};"


def owner_to(kind: str, name: str, facts: Facts) -> str:
    """Return the statement that gives an object the owner of its facts."""
    return f"alter {sql_name(kind, name, facts)} owner to {facts['owner']};"


def finish(kind: str, name: str, facts: Facts) -> list[str]:
    """Return what makes a new object fully its own: owner, comments, labels, grants."""
    statements = []
    if "owner" in facts and not facts.get("of_identity") and "owned_by" not in facts:
        statements.append(owner_to(kind, name, facts))
    for word in ("comment", *PARTS_WITH_COMMENTS):
        if word in facts:
            statements.append(comment_on(kind, name, facts, word))
    statements.extend(grants_of(kind, name, facts))
    return statements
