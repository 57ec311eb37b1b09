"""The OpenAPI document says who may call what, as the routes do."""

from fastapi import FastAPI

from app.main import create_app
from app.settings.settings import Settings


def test_every_closed_operation_tells_how_to_get_in_and_what_happens_otherwise(app: FastAPI) -> None:
    document = app.openapi()
    operations = {
        (path, method): operation for path, ops in document["paths"].items() for method, operation in ops.items()
    }
    judge = operations["/v1/triage", "post"]
    assert judge["x-scope"] == "triage"
    assert {name for way in judge["security"] for name in way} == set(document["components"]["securitySchemes"])
    for address, operation in operations.items():
        if "security" in operation:
            assert {"401", "403", "429"} <= set(operation["responses"]), address
    assert operations["/v1/cases/{case_id}", "get"]["x-scope"] == "read"
    assert "security" not in operations["/livez", "get"]


def test_a_service_without_a_record_asks_nobody() -> None:
    document = create_app(Settings()).openapi()
    assert "securitySchemes" not in document["components"]
