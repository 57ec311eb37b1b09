"""The fields of a form that was sent, or nothing where the body is not one."""

from urllib.parse import parse_qsl

from fastapi import Request

_MOST_FIELDS = 400
"""Fields that a form may bring; ours has some 150."""


async def form_fields(request: Request) -> dict[str, str] | None:
    """The fields of the form; ``None`` where the body is not one, or says two things in one field."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        return None
    try:
        pairs = parse_qsl(
            (await request.body()).decode("ascii"),
            keep_blank_values=True,
            strict_parsing=False,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        return None
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else None
