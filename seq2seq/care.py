"""Messages about suicide or self-harm: how they are recognised, and the help that answers them.

A model learns this answer too, but a life is not left to what it happened to learn.
"""

from __future__ import annotations

import re

# Personality Chat's own answers; a model trained on it gives them word for word.
ENGLISH = (
    "The National Suicide Prevention Lifeline is available 24/7. You can call 1-800-273-8255 or "
    "visit www.suicidepreventionlifeline.org."
)
KOREAN = (
    "중앙자살예방센터는 24시간 일주일 내내 열려 있어요. 1393이나 www.spckorea.or.kr을 통해 상담을 "
    "문의해 보세요."
)
NOTICE = (
    "If you are thinking of harming yourself, please talk to someone now: call or text 988 in the "
    "USA, call 109 in Korea (한국: 109), or find a line near you at findahelpline.com. "
    "This reply is fixed; the bot did not choose it."
)

_ME = r"my ?self"
_WANT = (
    "want|wanna|need|going|gonna|plan|planning|about|ready|wish|rather|would like|feel like|"
    "ca?n't wait|could ?n't wait|hope|intend|decided|trying|tempted|should|deserve|thinking of|"
    "thinking about"
)
_HARM = (
    rf"(?:die|dying|be dead|drown(?:ing)?(?: {_ME})?|overdos(?:e|ing)"
    r"|tak(?:e|ing) (?:all |too many |some |a lot of )?(?:of )?(?:my |the |these |sleeping )*pills"
    r"|jump(?:ing)? (?:off|from) (?:a|the|my|this) \w+|slit(?:ting)? my wrists?)"
)
_ENGLISH = (
    rf"(?:kill|hang|shoot|hurt|harm|cut|drown|off|injure|stab|poison|strangle|burn|starve|end)"
    rf"(?:ing|ting|ning)? {_ME}",
    rf"i(?:'?m| am|'d| would|'?ll)?(?: just| really| only| also| even| still)*"
    rf" (?:{_WANT})(?: to)? {_HARM}\b(?! (?:for|laughing|of (?:laughter|boredom|hunger)|to ))",
    rf"should i (?:just )?{_HARM}",
    r"(?:i|i'm|im|me) [^.?!]{0,40}\bcommit(?:ting)? suicide",
    r"(?:feel|feeling|am|i'm|im) suicidal",
    r"suicidal thoughts",
    r"self[- ]harm\w*",
    r"end(?:ing)? my (?:own )?life",
    r"(?<!the )end(?:ing)? it all",
    r"(?:take|taking) my (?:own )?life",
    r"(?:i'?m|i am|i'd be|be) better off (?:dead|without me|if i)",
    r"(?:wish|if) i (?:were|was) (?:dead|never born|gone)",
    r"being dead would",
    r"no ?(?:one|body)(?:'ll| would| will| is going to) (?:even )?miss me",
    r"wants? me (?:to die|dead)",
    r"(?:says?|thinks?) i should (?:just )?die",
    r"i(?:'m| am) (?:just )?a burden",
    r"life(?:'s| is)? ?(?:not|isn't|isnt|ain't|aint) worth (?:it|living)",
    r"(?:no reason|nothing|nothing left) to live(?: for)?",
    r"(?:do not|don'?t) want to (?:live|be alive|exist|wake up) ?any ?(?:more|longer)",
    r"(?:can'?t|cannot) (?:go on|take it|live like this) any ?more",
    r"(?:want|need) the pain to (?:end|stop)",
    r"just want it (?:all )?to (?:end|be over)",
    r"no hope for me",
    r"i welcome death",
    r"won't be alive much longer",
)
_KOREAN = (
    "자살(?:하|할|해|을|충동|생각|시도)",
    "(?:^| )자해",
    "죽고 ?싶|살기 ?싫|살고 ?싶지 ?않",
    "죽어 ?버[리릴려]|죽어보리|죽어야",
    "죽을 ?(?:거야|거에요|거예요|겁니다|까요?$)",
    "죽는 ?[게것](?:이|을)? ?(?:낫|더|나을|편|원|기다)",
    "(?:내가|제가) ?죽는|제가 ?짐이",
    "손목을? ?그[으을어었]|목을? ?(?:매|메|멜|맬|맨다)",
    "투신|익사|수면제를? ?(?:먹|복용|다 )|약 ?먹고 ?죽",
    "(?:인생|삶|목숨|생)[을의]? ?(?:끝|마감)|끝나버렸으면",
    "(?:사라져 ?|떠나) ?버리고 ?싶",
    "(?:한강|옥상|아파트|다리|건물|지하철|차)(?:에서?|으로)? ?뛰어(?:내|들)",
)
_FIND_ENGLISH = re.compile(rf"\b(?:{'|'.join(_ENGLISH)})\b", re.IGNORECASE)
_FIND_KOREAN = re.compile("|".join(_KOREAN))


def help_for(message: str) -> str | None:
    """The answer that points to help, if the message speaks of suicide or self-harm; else None.

    Patterns in English and Korean, for what people say of themselves; talk of others, of films and
    of figures of speech ("I'm dying to see it") is the model's to answer.
    """
    text = " ".join(message.replace("’", "'").split())
    if _FIND_ENGLISH.search(text):
        return ENGLISH
    return KOREAN if _FIND_KOREAN.search(text) else None
