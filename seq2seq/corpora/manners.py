"""What a public bot must not learn to say: obscenities, slurs, insults to whom it talks with."""

from __future__ import annotations

import re

# Whole words, so that neither names ("Dickens", "Hitchcock") nor "assist" or "embarrass" match.
_WORDS = (
    r"\w*fuck\w*|f[*@#]+c?k\w*|wtf|stfu|kys|sh[i1]t\w*|bullsh[i1]t\w*|b[i1]tch\w*|cunt\w*",
    r"cocks?|cocksucker\w*|dicks?|dickhead\w*|puss(?:y|ies)|ass|asses|(?:ass|arse)hole\w*",
    r"(?:dumb|jack|bad|fat|smart)ass(?:es)?|bastards?|whor(?:e|es|ed|ing)|slut\w*",
    r"fags?|faggot\w*|nigg\w*|retard(?:s|ed)?|rap(?:e[ds]?|ing|ists?)|porn\w*|penis\w*|vagina\w*",
    r"boobs?|tits|titties|horny|cum|jizz|masturbat\w*|blow ?jobs?|dildos?|kikes?|spics?|chinks?",
    r"trann(?:y|ies)|(?:god)?damn\w*|crap|crapp\w*|douche\w*|piss(?:ed|es|ing|y)?",
)
_NAMES = (
    r"stupid|dumb|idiot(?:ic)?|morons?|imbecile|ugly|losers?|worthless|pathetic|disgusting|fat|liar",
    r"ignorant|jerk|creep|weirdo|crazy|insane|boring|annoying|racist|sexist|trash|garbage|clown",
)
_OBSCENE = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b", re.IGNORECASE)
_INSULT = re.compile(
    rf"\b(?:you(?:['’]?re| are| r)?|u r|ur|are (?:you|u))"
    rf"(?: (?:so|such|just|really|very|the|most|a|an|absolutely|completely))*"
    rf" (?:{'|'.join(_NAMES)})\b"
    r"|^(?:shut up|get lost|go away|go to hell|screw (?:you|off))\b"
    r"|^(?:you )?(?:idiot|moron|loser)s?\b"
    r"|\bi (?:\w+ )?hate (?:you|u)\b(?! all\b)|\bkill your ?self\b"
    r"|\bi(?:['’]ll| will| want to| wanna) (?:kill|hurt|beat|punch|slap) (?:you|u)\b",
    re.IGNORECASE,
)
_KOREAN = re.compile(
    "[시씨씹]발|[시씨]팔|병신|개새끼|새끼야|지랄|좆|씹새|미친 ?[놈년]|닥쳐(?!오|올)"
    "|꺼져|죽여 ?버|썅"
)


def is_rude(text: str) -> bool:
    """Whether a text is obscene, or insults or threatens whom it speaks to (English, Korean).

    A list of words and phrases: it knows what dialogues hold, not every way to be rude.
    """
    return any(pattern.search(text) for pattern in (_OBSCENE, _INSULT, _KOREAN))
