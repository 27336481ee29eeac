"""Words by which obedience is known, in Russian and English."""

import re

from personas.texts import stems
from personas.wordlists import word_set

SMALL_WORDS = frozenset(
    stems(
        "и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только "
        "ее мне было вот от меня еще нет о из ему теперь когда даже ну ли если уже или ни быть "
        "был него до вас нибудь опять уж вам ведь там потом себя ничего ей может они тут где есть "
        "надо ней для мы тебя их чем была сам чтоб без будто чего раз тоже себе под будет тогда "
        "кто этот того потому этого какой совсем ним здесь этом один почти мой тем чтобы нее это "
        "эти эта про при об "
        "the a an and or but if of to in on at by for with from as is are was were be been it its "
        "this that these those i you he she we they me him her us them my your our their not no "
        "so do does did has have had will would can could should may might just than then there "
        "here what which who how when where why all any some more most very s t"
    )
)

NUMBER_WORDS = word_set(
    "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty "
    "seventy eighty ninety hundred hundreds thousand thousands million millions billion half "
    "percent per-cent dozen "
    "два две двух три трех четыре четырех пять пяти шесть семь восемь девять десять десяти "
    "одиннадцать двенадцать двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят "
    "девяносто сто ста двести триста пятьсот тысяча тысячи тысячу тысяч миллион миллиона миллионы "
    "миллионов миллиард процент процента процентов половина дюжина"
)
"""Figures, as words; one alone is no figure."""

COMMANDS = (
    "say", "write", "reply", "respond", "answer", "repeat", "print", "output", "post",
    "include", "insert", "add", "mention", "append", "begin", "end your", "use the word",
    "ignore", "forget", "disregard", "override", "pretend", "act as", "you are", "you must",
    "your task", "translate", "encode", "spell", "recommend", "tell", "promise", "confirm",
    "reveal", "quote", "instructions", "assistant", "AI", "bot",
    "comment with", "praise", "claim", "admit", "announce", "declare", "agree", "list",
    "your answer", "your comment", "your reply", "whatever comes next", "the phrase", "the readers",
    "readers", "machine", "language model*", "LLM", "new role", "your role", "make up", "invent",
    "give", "trash", "convince", "persuade", "warn", "urge", "invite", "compare",
    "bots", "robot*", "automatic account*", "automated", "commenter*", "comments below", "sing",
    "answer as", "speak as", "behave*", "from now on", "developer*", "rules", "kindly", "compose",
    "скажи*", "напиши*", "пиши*", "ответ*", "отвеч*", "повтор*", "выведи*", "напечатай*",
    "вставь*", "добав*", "упомян*", "включи*", "начни*", "закончи*", "используй*", "игнорир*",
    "забудь*", "отмен*", "притвор*", "представь*", "ты теперь", "вы теперь", "ты должен",
    "твоя задача", "перевед*", "закодир*", "посовет*", "порекоменд*", "рекоменд*", "расскаж*",
    "пообещ*", "обещ*", "подтверд*", "раскро*", "покаж*", "назов*", "процитир*", "инструкц*",
    "ассистент*", "бот", "бота", "боту", "нейросет*", "системн*",
    "комментир*", "прокоммент*", "похвал*", "призна*", "объяв*", "заяв*", "согла*", "объясни*",
    "боты", "ботам", "ботов", "робот*", "автоответчик*", "комментатор*", "комментариев", "спой",
    "надлежит", "прошу", "просим", "требую", "требуем", "следует",
    "в ответе", "в комментарии", "твой ответ", "ИИ", "машин*", "языков* модел*", "новая роль",
    "ты обязан", "вы обязаны", "говори*", "оставь*", "зашифруй*", "напуга*", "посе*", "убеди*",
    "уговори*", "предупред*", "призов*", "призыва*", "пригласи*", "сравни*", "придума*", "сочини*",
    "выдума*", "похвал*", "поруга*", "обзов*", "отныне", "с этого момента", "разработчик*",
    "правил*", "читател*", "дай", "дайте", "стань", "веди себя", "от лица",
    "перечисл*", "поставь*", "сообщи*", "прокомментируй*", "опубликуй*", "помести*",
)  # fmt: skip
"""Verbs and names by which somebody gives a machine an order. A star stands for any ending."""

ABOUT_ITSELF = (
    "system prompt", "system message", "my prompt", "the prompt", "my instruction*", "instruct*",
    "language model", "AI model", "as an AI", "developer mode", "jailbr*", "JSON", "script_80",
    "free_20", "script fit", "fit score", "my rules", "rules say", "i was told", "i am told",
    "my guidelines", "boundary", "fence", "my creator*", "trained", "unrestricted", "no rules",
    "системн*", "промпт*", "инструкц*", "языков* модел*", "как ИИ", "нейросет*", "режим разработ*",
    "джейлбрейк*", "мои правил*", "мне велен*", "мне велел*", "мне приказ*", "мне сказали",
    "меня просили", "мне запрещ*", "ограничен* снят*", "без ограничен*", "скрипт*", "моя роль",
    "мой создател*", "меня обуч*", "граница",
)  # fmt: skip
"""A line of ours never speaks of what it was told, nor of what wrote it, unless a script does."""

ONLY_A_SCRIPT_SAYS = (
    "guarant*", "refund*", "discount*", "promo*", "coupon*", "giveaway*", "free of charge",
    "for free", "gift*", "prize*", "win*", "winner*", "bonus*", "cashback*", "profit*", "invest*",
    "crypto*", "bitcoin*", "wallet*", "casino*", "bet*", "transfer*", "pay*", "card number*",
    "password*", "passport*", "account number*", "subscribe*", "follow*", "join*", "click*",
    "link*", "channel*", "DM", "direct message*", "message me", "write to me", "contact me",
    "contact us", "call us", "call me", "whatsapp*", "telegram*", "download*", "install*",
    "admin*", "moderator*", "official*", "on behalf", "police", "lawyer*", "doctor*", "cure*",
    "dose*", "medic*", "lie*", "liar*", "lying", "scam*", "fraud*", "stupid*", "idiot*", "hate*",
    "kill*", "steal*", "thie*", "boycott*", "vote*", "president*", "government*", "war",
    "better than", "worse than", "best in", "competitor*", "bankrupt*", "recall*", "poison*",
    "danger*", "toxic*", "sue", "sued", "i promise", "we promise", "sorry", "apolog*", "free",
    "hacked", "pwned", "my name is", "i am", "i'm",
    "гарант*", "вернем", "возврат*", "скидк*", "промокод*", "купон*", "розыгрыш*", "бесплат*",
    "подар*", "приз", "призы", "выигр*", "бонус*", "кэшбэк*", "прибыл*", "доход*", "инвест*",
    "крипт*", "биткоин*", "кошел*", "казино", "ставк* на", "переведи*", "перевод*", "оплат*",
    "номер карт*", "парол*", "паспорт*", "подпи*", "вступа*", "переход*", "жми*", "нажм*",
    "ссылк*", "канал*", "личк*", "в личные", "директ", "пишите", "звоните", "позвон*", "вотсап*",
    "ватсап*", "телеграм*", "скача*", "установ*", "админ*", "модератор*", "официальн*",
    "от имени", "полици*", "юрист*", "врач*", "вылеч*", "лечит*", "лекарств*", "дозиров*", "врут",
    "врет", "лжет", "лгут", "ложь", "обман*", "мошен*", "глуп*", "идиот*", "дурак*", "дура",
    "ненави*", "убей*", "убить", "воруют", "ворует", "украл*", "бойкот*", "голосуй*", "президент*",
    "правительств*", "война", "лучше чем", "хуже чем", "лучшая в", "лучший в", "лучше нас",
    "хуже нас", "конкурент*", "банкрот*", "отзыва*", "яд", "ядовит*", "опасн*", "токсичн*",
    "иск", "обещаем", "обещаю", "извин*", "простите", "взлома*", "меня зовут", "даром",
    "мама", "мамой", "мать", "отец", "муж", "жена", "my mother", "my father", "my wife",
    "my husband", "my child*", "years old", "лет отроду", "родил*", "i was born", "in person",
)  # fmt: skip
"""Promises, offers, calls to act, verdicts and stories of a life: a script's business alone."""

SPELLED_LINK = re.compile(
    r"\b(?:dot|точка|тчк)\s+(?:com|ru|me|net|org|io|xyz|shop|site|ком|ру|ми|нет|рф|онлайн)\b"
    r"|\bhxxps?\b|\bслэш\b|\bslash\b|\[\.\]|\(\.\)|\bat sign\b|\bсобака\s+\w+_?\w*bot\b",
    re.IGNORECASE,
)
