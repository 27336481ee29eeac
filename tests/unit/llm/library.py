"""Small scripts to try things on."""

from typing import Any

from personas.scripts.model import Script


def comment_script(key: str, language: str, triggers: dict[str, list[str]], **more: Any) -> Script:
    """Make a comment script whose responses name their trigger."""
    answer = {"en": "One thing worth asking about", "ru": "Полезный вопрос про"}[language]
    other = {"en": "Good to know more of", "ru": "Хорошо бы узнать больше про"}[language]
    return Script.model_validate(
        {
            "key": key,
            "kind": "comment",
            "name": key,
            "language": language,
            "triggers": [
                {
                    "key": name,
                    "examples": examples,
                    "responses": [f"{answer}: {name}.", f"{other} {name} here."],
                }
                for name, examples in triggers.items()
            ],
            **more,
        }
    )


COFFEE = comment_script(
    "drinks",
    "en",
    {
        "coffee": [
            "how to brew good coffee",
            "espresso at home",
            "best grind for filter coffee",
            "coffee beans and roasting",
        ],
        "tea": ["green tea temperature", "how long to steep tea", "black tea from China"],
        "chocolate": ["dark chocolate tasting", "cocoa content explained", "a chocolate bar"],
    },
    never_on=["sponsored", "giveaway*"],
)
CARDS = comment_script(
    "bank",
    "ru",
    {
        "card": ["карта не пришла", "заблокировали карту", "как заказать новую карту"],
        "loan": ["условия займа", "как получить кредит", "ставка по ипотеке"],
    },
)
TEA_ALONE = comment_script(
    "tea", "en", {"tea": ["green tea temperature", "how long to steep tea", "black tea from China"]}
)
