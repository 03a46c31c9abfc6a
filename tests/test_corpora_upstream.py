"""Tiny stand-ins for the named corpora in upstream's formats, and a server that serves them."""

from __future__ import annotations

import csv
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from seq2seq.corpora import PERSONALITIES

PHRASINGS = {"en": ["Hello there", "hello, there!", "Hi"], "ko": ["안녕하세요", "안녕", "하이"]}
FOLDERS = {"en": "english", "ko": "korean"}


def table(header: list[str], *rows: list[str]) -> str:
    """Write a CSV file's text."""
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue()


def self_dialogue() -> str:
    """Three rows to keep, one rejected by status, one by column, one of a blocked worker."""
    header = [
        "AssignmentId", "WorkerId", "AssignmentStatus", "Answer.sentence1", "Answer.sentence10",
        "Answer.sentence2", "Answer.sentence3", "Reject",
    ]  # fmt: skip
    return table(
        header,
        ["A1", "W1", "Approved", "first", "tenth", "second", "third", ""],
        ["A2", "W2", "Submitted", "Do you like it?", "{}", "NA", "", ""],
        ["A3", "W1", "Rejected", "bad", "work", "here", "now", ""],
        ["A4", "W9", "Approved", "copy", "paste", "copied", "pasted", ""],
        ["A5", "W1", "Approved", "other", "bad", "work", "there", "x"],
    )


def byu_chitchat() -> str:
    """One conversation whose middle turn is about the contest."""
    turns = [["Hello", "How are you?"], ["good", "and you?"], ["how many points do you have"],
             ["so what do you study"], ["math"]]  # fmt: skip
    messages = [[{"text": t, "sender": "s", "timestamp": "t"} for t in turn] for turn in turns]
    return json.dumps({"b1": {"prompt": "?", "ratings": {}, "messages": messages}}, indent=1)


def synthetic_persona_chat(name: str) -> str:
    """One transcript with placeholders, asterisks, a stage direction and a doubled speaker."""
    lines = [
        "User 1: Hi, I'm [User 1's name].", "User 2: Nice to meet you.", f"User 1: I am {name}.",
        "", "[Later]", "User 2: *waves* bye", "User 2: for now", "* User 1: Bye! *",
    ]  # fmt: skip
    header = ["user 1 personas", "user 2 personas", "Best Generated Conversation"]
    return table(header, [f"I am {name}.", "I paint.", "\n".join(lines)])


def topical_chat(name: str) -> str:
    """One conversation of three turns."""
    messages = [f"Did you know {name}?", "No!", "It is true."]
    content = [{"message": m, "agent": f"agent_{i % 2 + 1}"} for i, m in enumerate(messages)]
    return json.dumps({f"t_{name}": {"config": "A", "content": content}})


def qna(personality: str, language: str) -> str:
    """Two scenarios; the first answer holds a link, the second phrasing an escape."""
    first, *others = PHRASINGS[language]
    return "\n".join(
        [
            "> # QnA pairs", "", f"> !# @qna.pair.source = qna_chitchat_{personality}", "",
            f"# ? {first}", *(f"- {other}" for other in others), "", "**Filters:**",
            "- editorial = chitchat", "", "```markdown", f"{personality} says see",
            "[this page](https://example.org).", "```", "",
            "# ? What is 2 \\* 2?", "", "**Filters:**", "- editorial = chitchat", "",
            "```markdown", "4 <3", "```", "",
        ]
    )  # fmt: skip


KOREAN = table(
    ["Q", "A", "label"], ["배고파", "뭐 좀 챙겨드세요.", "0"], ["안녕", "반가워요.", "0"]
)


def local_files() -> dict[str, str]:
    """The files of a corpus folder, by their path in it."""
    files = {
        "self_dialogue/corpus/action/one.csv": self_dialogue(),
        "self_dialogue/blocked_workers.txt": "W9\n",
        "byu_chitchat/dataset.json": byu_chitchat(),
        "synthetic_persona_chat/Synthetic-Persona-Chat_test.csv": synthetic_persona_chat("Ann"),
        "topical_chat/conversations/test_freq.json": topical_chat("test_freq"),
        "korean_chatbot_data/ChatbotData.csv": KOREAN,
    }
    for language, folder in FOLDERS.items():
        for personality in PERSONALITIES:
            name = f"personality_chat/{folder}/qna_chitchat_{personality}.qna"
            files[name] = qna(personality, language)
    return files


def write_corpora(root: Path) -> Path:
    """Write the stand-in corpora into a folder laid out as `--corpus-dir` wants it."""
    for name, text in local_files().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def upstream_files() -> dict[str, bytes]:
    """The same corpora by their path on upstream's hosts."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("self_dialogue_corpus-abc/blocked_workers.txt", "W9\n")
        file.writestr("self_dialogue_corpus-abc/corpus/action/one.csv", self_dialogue())
    files = {
        "/BYU-PCCL/chitchat-dataset/HEAD/chitchat_dataset/dataset.py": byu_chitchat(),
        "/songys/Chatbot_data/HEAD/ChatbotData%20.csv": KOREAN,
    }
    for name in ("train", "valid_freq", "valid_rare", "test_freq", "test_rare"):
        files[f"/alexa/Topical-Chat/HEAD/conversations/{name}.json"] = topical_chat(name)
    for name in ("Synthetic-Persona-Chat_train", "Synthetic-Persona-Chat_valid",
                 "Synthetic-Persona-Chat_test", "New-Persona-New-Conversations"):  # fmt: skip
        path = f"/google-research-datasets/Synthetic-Persona-Chat/HEAD/data/{name}.csv"
        files[path] = synthetic_persona_chat(name)
    for language, folder in FOLDERS.items():
        for personality in PERSONALITIES:
            path = f"packages/qnamaker/docs/qnaFormat/{folder}/qna_chitchat_{personality}.qna"
            files[f"/microsoft/botframework-cli/HEAD/{path}"] = qna(personality, language)
    served = {path: text.encode() for path, text in files.items()}
    served["/jfainberg/self_dialogue_corpus/archive/HEAD.zip"] = archive.getvalue()
    return served


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[tuple[str, list[str]]]:
    """Serve files on the loopback; give the base URL and the list of paths asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self._answer(send_body=True)

        def do_HEAD(self) -> None:
            self._answer(send_body=False)

        def _answer(self, send_body: bool) -> None:
            body = files.get(self.path, b"")
            self.send_response(200 if self.path in files else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if send_body:
                self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Keep the test's output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
