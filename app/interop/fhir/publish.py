"""Writes our CodeSystems, ValueSets and conformance resources as files: ``python -m app.interop.fhir.publish``.

They lie in the package beside the code, for terminology servers that load files rather than ask a running service.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from app.interop.fhir.conformance import capability_statement, operation_definition
from app.interop.fhir.systems import Json
from app.interop.fhir.terminology import code_systems, value_sets

FOLDER = Path(__file__).parent / "published"


def published() -> Iterator[tuple[str, Json]]:
    """Name of each file, and the resource in it."""
    resources = [*code_systems().values(), *value_sets().values(), operation_definition(), capability_statement()]
    for resource in resources:
        yield f"{resource['resourceType']}-{resource['id']}.json", resource


def text_of(resource: Json) -> str:
    """The resource as the text of its file."""
    return json.dumps(resource, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write all files, and remove those of resources that are no more."""
    FOLDER.mkdir(exist_ok=True)
    wanted = dict(published())
    for name, resource in wanted.items():
        (FOLDER / name).write_text(text_of(resource), encoding="utf-8")
    for path in FOLDER.glob("*.json"):
        if path.name not in wanted:
            path.unlink()


if __name__ == "__main__":
    main()
