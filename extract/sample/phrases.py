"""The kinds of comment in the bundled sample, and the words that fill their sentences.

The rule behind the labels: a comment is toxic when one of its sentences attacks, demeans or threatens a
person. Swearing at things, at oneself or in delight is not, nor is repeating, forbidding or denying an
insult. Most kinds therefore come in pairs that share their words and differ in who is meant; the pairs
stand next to each other in `KINDS`. A slot such as {insult} is filled from `WORDS`, from the topic or
from another table of sentences. "a" becomes "an" where it must.
"""

from typing import NamedTuple

from headstart.extract.sample.harmless import HARMLESS
from headstart.extract.sample.toxic import TOXIC


class Kind(NamedTuple):
    """One kind of comment.

    Args:
        name: its table in `SENTENCES`.
        toxic: what the rule says of it.
        weight: how often it comes, relative to the kinds with the same label. Plain attacks and civil talk
            outweigh the tricky kinds, or 2,400 rows of frozen features would teach a head too little.
        disguise: share of its swear words that are misspelt or spaced out.
    """

    name: str
    toxic: bool
    weight: int
    disguise: float = 0.0


KINDS: tuple[Kind, ...] = (
    Kind("civil", False, 38),
    Kind("attack", True, 32, 0.05),
    Kind("disguised", True, 12, 0.9),
    Kind("quoted", False, 7, 0.2),
    Kind("endorsed", True, 5, 0.1),
    Kind("denied", False, 4, 0.1),
    Kind("backhanded", True, 9, 0.1),
    Kind("own_fault", False, 5, 0.2),
    Kind("blamed", True, 6, 0.1),
    Kind("praise", False, 9),
    Kind("contempt", True, 7),
    Kind("harmless", False, 6),
    Kind("threat", True, 10),
    Kind("heated", False, 11),
    Kind("figurative", False, 6, 0.2),
    Kind("identity", False, 8),
    Kind("defended", True, 7, 0.1),
)

# Slots whose words may be disguised.
SWEAR_SLOTS = frozenset({"insult", "swear", "junk", "oath"})


def _lines(block: str) -> tuple[str, ...]:
    """The phrases of a block, one a line."""
    return tuple(line.strip() for line in block.strip().splitlines())


def _words(row: str) -> tuple[str, ...]:
    """The phrases of a row, separated by bars."""
    return tuple(word.strip() for word in row.split("|"))


WORDS: dict[str, tuple[str, ...]] = {
    "insult": _words(
        "idiot | moron | clown | fool | asshole | jackass | dumbass | dipshit | liar | troll | loser | coward"
        " | buffoon | nitwit | numbskull | dimwit | blockhead | muppet | prick | weasel | crybaby | bully"
        " | waste of space | windbag | bastard | tosser | scumbag | shithead | creep | hypocrite | jerk | rat"
        " | twit | nincompoop | knucklehead | meathead | airhead | birdbrain | bonehead | lowlife | slimeball"
        " | douchebag | arsehole | knobhead | wanker | git | fraud | crook | failure | disgrace | maggot"
        " | toad | parasite | worm | bootlicker | gasbag | swine | snake"
    ),
    "demean": _words(
        "stupid | pathetic | dumb | useless | brainless | clueless | spineless | worthless | incompetent"
        " | arrogant | smug | gutless | ridiculous | lazy | hopeless | complete | total | pompous | petty"
        " | vile | nasty | rotten | ignorant | idiotic | dense | shameless | cowardly | repulsive | miserable"
        " | infantile | witless | obnoxious | insufferable | sad little | slimy | lying"
    ),
    "mean": _words(
        "stupid | pathetic | dumb | useless | clueless | spineless | worthless | incompetent | arrogant"
        " | ridiculous | lazy | hopeless | dishonest | petty | vile | nasty | ignorant | idiotic | dense"
        " | shameless | cowardly | repulsive | infantile | witless | obnoxious | insufferable | slimy"
        " | brainless"
    ),
    "swear": _words("damn | fucking | bloody | goddamn | freaking | fucking | damn"),
    "junk": _words("crap | shit | bullshit | garbage | trash | rubbish | drivel | horseshit | nonsense"),
    "oath": _words("shit | damn | fuck | crap | hell | damn it | bloody hell | holy shit"),
    "name": _words(
        "Teapot77 | OldMill | Quillfeather | BrassOtter | user Lantern | Marmot | NightBus | Pebbles"
        " | Dr Toast | Sparrowhawk9 | Mossy | TinRoof | CaptainKettle | Juniper | Wobble"
        " | user Graphite | Saltmarsh"
    ),
    "friend": _words(
        "cousin | neighbour | flatmate | colleague | best friend | boss | dentist | coach | teacher"
        " | landlord | classmate | doctor"
    ),
    "ident": _words("gay | lesbian | trans | bisexual | deaf | blind | autistic | disabled | elderly"),
    "origin": _words(
        "Muslim | Jewish | Christian | Hindu | Buddhist | atheist | Black | Asian | Mexican | Polish"
        " | Nigerian | Irish | Turkish | Indigenous | immigrant"
    ),
    "since": _words("Monday | last week | the spring | lunch | Christmas | the last meeting | yesterday"),
    "when": _words(
        "yesterday | last week | this morning | on Sunday | in spring | two years ago | after lunch"
        " | last night | in the first week | back in March | around noon | over the holidays"
    ),
    "frame": _words(
        "as far as I can tell, | to be honest, | in my view, | if I remember correctly, | frankly,"
        " | for the record, | I suppose | I still think | I am fairly sure | it seems to me that"
        " | look, | well, | my point is that | anyone can check that | it turns out that | you know that"
    ),
    "number": _words("two | three | four | five | six | nine | ten | twelve | fifteen | twenty | forty"),
    "food": _words(
        "soup | lasagne | coffee | curry | apple pie | chilli | sandwich | ramen | cheese | birthday cake"
    ),
    "gadget": _words(
        "printer | laptop | toaster | lawnmower | phone | alarm clock | kettle | vacuum cleaner"
    ),
    "mishap": _words(
        "I forgot my keys | I missed the bus | the kettle is on fire | it is already Monday"
        " | I dropped my phone | I left the oven on | the cat is on the keyboard | the milk is off"
        " | I sent it to the wrong person"
    ),
    "feat": _words("the gym | karaoke | the quiz | the job interview | the spelling bee | my driving test"),
}

SENTENCES: dict[str, tuple[str, ...]] = {kind: _lines(block) for kind, block in (TOXIC | HARMLESS).items()}
SENTENCES["disguised"] = SENTENCES["attack"]
