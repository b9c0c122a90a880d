from __future__ import annotations

import pytest

from service import responses


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json()


def _operations(document):
    return [(path, operation) for path, item in document["paths"].items() for operation in item.values()]


def test_every_route_has_summary_description_and_an_example(document):
    for path, operation in _operations(document):
        assert operation["summary"], path
        assert operation["description"], path
        for name, content in operation["responses"]["200"]["content"].items():
            assert content["example"], (path, name)
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (path, parameter["name"])


def test_every_json_example_is_an_answer_of_its_model(document):
    for _, operation in _operations(document):
        content = operation["responses"]["200"]["content"].get("application/json")
        if content:
            model = getattr(responses, content["schema"]["$ref"].rsplit("/", 1)[1])
            model.model_validate(content["example"])


def test_every_error_is_declared_as_a_problem_with_an_example(document):
    for path, operation in _operations(document):
        for status, answer in operation["responses"].items():
            if "$ref" in answer:  # what is said of every address, once
                answer = document["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
            if status != "200":
                assert list(answer["content"]) == ["application/problem+json"], (path, status)
                assert answer["content"]["application/problem+json"]["examples"], (path, status)


def test_every_reference_of_the_document_is_in_it(document):
    def references(part):
        if isinstance(part, dict):
            if "$ref" in part:
                yield part["$ref"]
            for inner in part.values():
                yield from references(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from references(inner)

    names = {f"#/components/{part}/{name}" for part in ("schemas", "responses") for name in document["components"][part]}
    assert set(references(document)) <= names
    assert "#/components/schemas/HTTPValidationError" not in names


def test_what_any_request_may_be_refused_for_is_said_of_every_address(document):
    for path, operation in _operations(document):
        assert {"400", "401", "413", "414", "429", "431", "503", "504"} <= set(operation["responses"]), path
    assert {scheme["type"] for scheme in document["components"]["securitySchemes"].values()} == {"http", "apiKey"}


def test_the_addresses_of_the_contract_are_there(document):
    assert {
        "/v1/status",
        "/v1/areas",
        "/v1/areas/{slug}",
        "/v1/forecasts",
        "/v1/forecasts.csv",
        "/v1/observations",
        "/v1/observations.csv",
        "/v1/releases",
        "/v1/releases/{release}",
        "/v1/releases/{release}/forecasts",
        "/v1/releases/{release}/forecasts.csv",
        "/v1/accuracy",
        "/v1/accuracy.csv",
        "/metrics",
        "/livez",
        "/readyz",
    } == set(document["paths"])
