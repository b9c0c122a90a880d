from __future__ import annotations

import io
import json
import re
import sys
import tempfile
from datetime import date
from pathlib import Path

import openapi_spec_validator
import pyarrow.parquet as pq
import pytest

from service.app import create_app
from service.problems import ProblemDocument
from service.query import MEDIA
from service.routes.parameters import RELEASE
from service.schemas.parts import Shape
from service.settings import ServiceSettings

SNAPSHOT = Path(__file__).with_name("openapi.json")
RENEW = ".venv/bin/python -m tests.service.test_openapi"


def made():
    """The document without the version of the project, as text in which a change is a line."""
    with tempfile.TemporaryDirectory() as home:
        document = create_app(ServiceSettings(database_url=f"sqlite:///{home}/encounters.db")).openapi()
    document["info"]["version"] = ""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json()


def operations(document):
    """Each path with what can be done there."""
    return [(path, operation) for path, item in document["paths"].items() for operation in item.values()]


def test_the_document_is_openapi(document):
    openapi_spec_validator.validate(document)


def test_every_operation_has_a_name_a_summary_a_description_a_tag_and_examples(document):
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z_]+", name) for name in names)
    for path, operation in operations(document):
        assert operation["summary"], path
        assert operation["description"], path
        assert len(operation["tags"]) == 1, path
        for name, content in operation["responses"]["200"]["content"].items():
            assert content["schema"], (path, name)
            assert content.get("example") or content["examples"], (path, name)
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (path, parameter["name"])
            schema = parameter["schema"]
            kinds = schema.get("anyOf", [schema])
            assert "examples" in schema or "default" in schema or any("enum" in kind for kind in kinds), (
                path,
                parameter["name"],
            )


def test_every_json_example_is_an_answer_of_its_model(document):
    checked = set()
    for _, operation in operations(document):
        content = operation["responses"]["200"]["content"].get("application/json")
        if content:
            kinds = content["schema"].get("anyOf", [content["schema"]])
            assert [kind["$ref"].rsplit("/", 1)[1] for kind in kinds] == list(content["examples"])
            for name, example in content["examples"].items():
                Shape.known()[name].model_validate(example["value"])
                checked.add(name)
    assert checked >= {"ForecastsAnswer", "ForecastRowsAnswer", "ModelsAnswer"}


def test_an_example_of_a_file_is_an_address_that_answers_with_one(office, document):
    office.publish(key=RELEASE.rpartition("-")[2])
    office.observe("el-paso", "2024-11", date(2024, 12, 19), 9120)
    addresses = [
        content["examples"]["file"]["externalValue"]
        for _, operation in operations(document)
        for name, content in operation["responses"]["200"]["content"].items()
        if name == MEDIA["parquet"]
    ]
    assert len(set(addresses)) == 3
    with office.client() as client:
        for address in addresses:
            assert pq.read_table(io.BytesIO(client.get(address).content)).num_rows > 0


def test_every_error_is_declared_as_a_problem_with_an_example(document):
    for path, operation in operations(document):
        for status, answer in operation["responses"].items():
            if "$ref" in answer:  # what is said of every address, once
                answer = document["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
            if status != "200":
                assert list(answer["content"]) == ["application/problem+json"], (path, status)
                content = answer["content"]["application/problem+json"]
                assert content["schema"] == {"$ref": "#/components/schemas/ProblemDocument"}
                assert content["examples"], (path, status)
                for name in content["examples"]:
                    example = document["components"]["examples"][name]["value"]
                    ProblemDocument.model_validate(example)
                    assert str(example["status"]) == status


def test_every_reference_of_the_document_is_in_it_and_nothing_else(document):
    def references(part):
        if isinstance(part, dict):
            if "$ref" in part:
                yield part["$ref"]
            for inner in part.values():
                yield from references(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from references(inner)

    names = {
        f"#/components/{part}/{name}"
        for part in ("schemas", "responses", "examples")
        for name in document["components"][part]
    }
    assert set(references(document)) == names
    assert set(document["components"]) == {"schemas", "responses", "examples", "securitySchemes"}
    assert {name for one in document["security"] for name in one} == set(document["components"]["securitySchemes"])
    assert "#/components/schemas/HTTPValidationError" not in names


def test_what_any_request_may_be_refused_for_is_said_of_every_address(document):
    for path, operation in operations(document):
        assert {"400", "401", "413", "414", "429", "431", "503", "504"} <= set(operation["responses"]), path
    assert {scheme["type"] for scheme in document["components"]["securitySchemes"].values()} == {"http", "apiKey"}


def test_the_addresses_of_the_contract_are_there(document):
    assert {
        "/v1/status",
        "/v1/areas",
        "/v1/areas.csv",
        "/v1/areas/{slug}",
        "/v1/compare",
        "/v1/compare.csv",
        "/v1/forecasts",
        "/v1/forecasts.csv",
        "/v1/forecasts.parquet",
        "/v1/observations",
        "/v1/observations.csv",
        "/v1/observations.parquet",
        "/v1/releases",
        "/v1/releases.atom",
        "/v1/releases.csv",
        "/v1/releases/{release}",
        "/v1/releases/{release}/forecasts",
        "/v1/releases/{release}/forecasts.csv",
        "/v1/releases/{release}/forecasts.parquet",
        "/v1/exceedance",
        "/v1/exceedance.csv",
        "/v1/accuracy",
        "/v1/accuracy.csv",
        "/v1/models",
        "/v1/models.csv",
        "/v1/models/live",
        "/v1/models/live.csv",
        "/v1/scenarios",
        "/v1/scenarios/{name}",
        "/v1/capacity",
        "/v1/capacity.csv",
        "/metrics",
        "/livez",
        "/readyz",
    } == set(document["paths"])


def test_the_document_is_the_one_that_was_agreed_on():
    assert made() == SNAPSHOT.read_text(), f"The API's document has changed. If that is meant: {RENEW}"


if __name__ == "__main__":
    SNAPSHOT.write_text(made())
    sys.stderr.write(f"{SNAPSHOT} is written again; look at the change before it is kept.\n")
