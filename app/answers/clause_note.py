"""A clause of the rule book as a note for the terminal."""

from app.answers.note_lines import Json, labelled, listed_under


def clause_text(clause: Json) -> str:
    """One clause of the rule book: what it says, when, and where that is written."""
    source, force, checked = clause["source"], clause["in_force"], clause["checked"]
    level = f", level {clause['level']}" if clause["level"] else ""
    lines = [
        clause["id"],
        *labelled("Title", clause["title"]),
        *labelled("Outcome", f"{clause['outcome']}, {clause['outcome_text']}{level}"),
        *listed_under("If all hold", [_line(line) for line in clause["all_of"]]),
        *labelled("Source", f"{source['title']}. {source['reference']}. {source['locator']}"),
        *labelled("Checked", " ".join(str(part) for part in checked.values() if part)),
        *labelled("In force", f"from {force['from']}" + (f" until {force['until']}" if force["until"] else "")),
        *labelled("Note", clause["note"] or ""),
        *labelled("Left out", clause["left_out"] or ""),
    ]
    return "\n".join(lines)


def _line(line: Json) -> str:
    if "meets_criteria_of" in line:
        return f"meets the criteria of {' or '.join(line['meets_criteria_of'])}"
    if "any_of" in line:
        return " or ".join(" and ".join(_line(part) for part in group["all_of"]) for group in line["any_of"])
    return f"{line['fact']} {line['condition']}"
