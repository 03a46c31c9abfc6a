"""The HTTP endpoint: `/reply` by the client library and by plain REST, with good and bad input."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from pages import Server

KEYS = {
    "version",
    "checkpoint",
    "message",
    "normalized",
    "source",
    "options",
    "seed",
    "reply",
    "finish_reason",
    "logprob",
    "steps",
    "hypotheses",
    "timings_ms",
}


@pytest.fixture(scope="module")
def client(servers: dict[str, Server]) -> Client:
    return Client(servers["two"].url, verbose=False)


def rest(url: str, body: dict[str, Any]) -> str:
    """The event stream that a POST and a GET give."""
    call = f"{url}gradio_api/call/v2/reply"
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(call, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{call}/{event}", timeout=30) as answer:
        return str(answer.read().decode())


def test_client_gets_the_whole_trace(client: Client) -> None:
    options = {"method": "sample", "seed": 5, "candidates": 3}
    trace = client.predict("hello", "twin", options, api_name="/reply")
    assert set(trace) == KEYS
    assert trace["checkpoint"]["name"] == "twin"
    assert trace["seed"] == 5
    assert "".join(step["text"] for step in trace["steps"]) == trace["reply"]
    step = trace["steps"][0]
    assert sum(c["probability"] for c in step["candidates"]) + step["other"] == pytest.approx(1)


def test_only_reply_is_public(client: Client) -> None:
    assert list(client.view_api(return_format="dict")["named_endpoints"]) == ["/reply"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("", "", {}), "Write a message"),
        (("x" * 2001, "", {}), "at most 2,000"),
        (("hello", "nowhere", {}), "no checkpoint 'nowhere'"),
        (("hello", "", {"bogus": 1}), "bogus"),
        (("hello", "", {"temperature": -1}), "temperature"),
        (("hello", "", {"candidates": 1000}), "candidates is 1000; it must be at least 1 and"),
        (("hello", "", ["no", "object"]), "options"),
    ],
)
def test_bad_input_is_told_in_words(client: Client, arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(AppError, match=words):
        client.predict(*arguments, api_name="/reply")


def test_plain_rest_gives_a_trace_or_an_error(servers: dict[str, Server]) -> None:
    good = rest(servers["two"].url, {"message": "hello"})
    assert "event: complete" in good
    assert json.loads(good.split("data: ", 1)[1].splitlines()[0])[0]["reply"]
    bad = rest(servers["two"].url, {"message": "hello", "options": {"top_p": 7}})
    assert "event: error" in bad
    assert "top_p" in bad


@pytest.mark.parametrize("path", ["gradio_api/upload", "openapi.json", "monitoring/summary"])
def test_unused_routes_are_closed(servers: dict[str, Server], path: str) -> None:
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(servers["two"].url + path, timeout=30)
    assert refused.value.code == 404
