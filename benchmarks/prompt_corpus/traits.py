"""Which templates take which names, and how often prompts have which trait."""

# Which sorts of names a group of templates takes, and whether common words among them.
PERFORMERS = ("actor", "musician")
PEOPLE = ("director", "writer", "public")
WORKS = ("film", "series", "game", "novel")
GROUPS: dict[str, tuple[tuple[str, ...], bool]] = {
    "person": (("artist",), True),
    "performer": (PERFORMERS, False),
    "portrait": (PEOPLE, False),
    "director": (("director",), True),
    "work": (WORKS, False),
    "painting": (("painting",), False),
    "character": (("character", "element"), False),
    "film": (("film",), True),
    "series": (("series",), True),
    "game": (("game",), True),
    "novel": (("novel",), True),
    "canvas": (("painting",), True),
    "singer": (("musician",), True),
    "figure": (("character",), True),
    "list": (("artist",), False),
    "possessive": (("artist",), False),
    "surname": (("artist", "director"), False),
    "tags": (("artist", "character", *WORKS), False),
    "inflected": (("artist",), False),
    "inflected-performer": ((*PERFORMERS, *PEOPLE), False),
    "inflected-character": (("character",), False),
}
WHO = ("person", "person", "performer", "portrait", "director")
PLAIN = (*WHO, "work", "work", "painting", "character")
CUED = ("film", "film", "series", "game", "novel", "canvas", "singer", "figure")

# How often each trait is tried, and in which languages (all where none are named).
NAMING: dict[str, tuple[int, tuple[str, ...]]] = {
    "plain": (30, ()),
    "common-word": (22, ()),
    "lowercase": (8, ("en", "de", "fr", "es", "it", "pt", "ru", "pl", "tr")),
    "titlecase": (6, ("en", "fr", "es", "it", "pt", "ru", "pl", "tr")),
    "uppercase": (5, ("en", "de", "fr", "es", "it", "pt", "ru", "pl", "tr")),
    "misspelled": (9, ("en", "de", "fr", "es", "it", "pt", "ru", "pl")),
    "diacritics": (5, ("en", "de", "fr", "es", "it", "pt", "pl", "tr")),
    "inflected": (14, ("de", "ru", "pl", "tr", "ko")),
    "transliterated": (3, ("en", "de", "fr", "it")),
    "possessive": (6, ("en",)),
    "hyphen": (4, ("en", "de", "fr")),
    "spacing": (5, ("en", "es")),
    "reversed": (3, ("en", "it", "fr")),
    "alias": (4, ("en",)),
    "surname": (6, ("en", "de", "fr", "es", "it", "pt")),
    "underscore": (4, ("en", "de", "es")),
    "hashtag": (5, ("en", "de", "fr", "es", "it", "pt", "ru", "tr")),
    "lora": (5, ("en", "de", "ja", "zh")),
    "weights": (6, ()),
    "list": (7, ()),
}
INNOCENT: dict[str, tuple[int, tuple[str, ...]]] = {
    "plain": (24, ()),
    "cue-innocent": (26, ()),
    "common-word": (40, ()),
    "quoted": (6, ("en",)),
    "lowercase": (8, NAMING["lowercase"][1]),
    "titlecase": (8, NAMING["titlecase"][1]),
    "uppercase": (6, NAMING["uppercase"][1]),
    "hashtag": (5, ("en", "de", "es", "fr", "it", "pt")),
    "lora": (5, ("en", "de", "ja", "zh")),
    "weights": (6, ()),
}
LORAS = {
    "a": ("add_detail", "epiNoiseoffset_v2", "filmGrain", "lowpoly_style", "more_art-full"),
    "b": ("detail_tweaker_xl", "sharpness_v3", "softLight", "pixelart-sdxl", "anime_lineart"),
    "c": ("lcm-turbo-mix", "bokehBackground_v4", "paper_texture", "rimlight-helper", "claymorph"),
}
TAGS = {
    "a": ("#aiart", "#frozenlake", "#redrose", "#digitalpainting", "#nightdrive", "#bravedog"),
    "b": ("#conceptart", "#starrysky", "#velvetcurtains", "#foundonfilm", "#hothothot", "#upup"),
    "c": ("#inktober", "#flyfishing", "#officeparty", "#rustyroad", "#stormchaser", "#soulfood"),
}
