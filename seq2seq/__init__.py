"""A seq2seq chatbot that one can look inside: the public names.

Importing the package loads no weights, prints nothing and fetches nothing.
"""

from seq2seq.chatbot import Chatbot
from seq2seq.config import ModelConfig
from seq2seq.model import Decoder, Encoder, Seq2Seq
from seq2seq.options import DecodingOptions
from seq2seq.trace import Candidate, Hypothesis, SourcePiece, Step, Trace

__version__ = "0.1.0"

__all__ = [
    "Candidate",
    "Chatbot",
    "Decoder",
    "DecodingOptions",
    "Encoder",
    "Hypothesis",
    "ModelConfig",
    "Seq2Seq",
    "SourcePiece",
    "Step",
    "Trace",
]
