"""What the sample's comments are about: one table of phrases per topic.

A comment keeps to one topic, so that it reads like one person's remark. Every topic fills the same
slots, with phrases that fit the same place in a sentence:

    thing   noun phrase with article        part   singular noun without article
    act     verb phrase, infinitive         did    verb phrase, past tense
    field   noun phrase without article     role   singular noun without article, takes an s
    claim   a whole clause                  source noun phrase with article
    here    where the discussion is held
"""

Table = dict[str, tuple[str, ...]]


def _topic(**slots: str) -> Table:
    """A topic from slots whose phrases are separated by bars."""
    return {slot: tuple(phrase.strip() for phrase in phrases.split("|")) for slot, phrases in slots.items()}


TOPICS: tuple[Table, ...] = (
    _topic(
        thing="the article on narrow railways | the steam engine page | the list of stations",
        part="lead paragraph | infobox | route map | second table | caption | date format | opening section",
        act="revert the infobox | merge the two pages | rename the article | cut the trivia section",
        did="reverted the infobox | merged the two pages | moved the article | deleted the route map",
        field="railway history | signal boxes | citation rules | old timetables",
        claim="the line opened in 1867 | the gauge was never changed | the station closed after the flood"
        " | the bridge is older than the tunnel | nobody rode it in winter | the photo shows another station",
        source="the 1923 timetable | the county archive | the style guide | the official survey",
        role="copy editor | reviewer | page patroller | contributor",
        here="on this talk page | on the noticeboard | in the edit summaries",
    ),
    _topic(
        thing="the page about garden birds | the owl article | the checklist of warblers",
        part="range map | photo gallery | taxonomy box | reference list | plumage section | recording",
        act="replace the photos | split the species list | correct the Latin names | count the nests",
        did="replaced the photos | split the species list | removed the Latin names | blanked the gallery",
        field="bird migration | owl pellets | wing measurements | field guides",
        claim="wrens sing all winter | that photo shows a female | the colony moved north in May"
        " | the owl was heard twice | ducks do not count as garden birds | the song was recorded at dawn",
        source="the field guide | the ringing report | the museum catalogue | the atlas",
        role="birdwatcher | ringer | photographer | volunteer",
        here="in this project | at the hide | on the birding list",
    ),
    _topic(
        thing="the onion soup thread | the sourdough recipe | this curry",
        part="gravy | pie crust | marinade | ingredient list | oven temperature | dumpling dough | sauce",
        act="brown the onions | knead the dough | salt the water | halve the sugar | fry the garlic",
        did="burnt the onions | doubled the salt | left out the yeast | swapped butter for margarine",
        field="slow cooking | bread baking | pickling | knife sharpening | seasoning",
        claim="the dough needs a whole night | butter burns before oil does | salt goes in at the end"
        " | nobody needs cream in this dish | the pan was too cold | the old oven runs hot",
        source="the recipe card | my grandmother's notebook | the cookbook | the label on the jar",
        role="cook | baker | dishwasher | food critic",
        here="in this kitchen | on the recipe forum | at the supper club",
    ),
    _topic(
        thing="the cup final | our away form | the transfer rumour thread",
        part="back line | match report | offside trap | goal celebration | penalty | second half | away kit",
        act="defend a corner | bench the captain | change the formation | take a free kick",
        did="missed the penalty | benched the captain | sold the keeper | left at half time",
        field="zonal marking | the offside rule | youth football | penalty statistics",
        claim="the ball was over the line | the keeper moved early | we had two shots all game"
        " | the pitch was frozen | that goal came from a throw-in | the captain asked to come off",
        source="the replay | the league table | the rule book | the club statement",
        role="referee | supporter | goalkeeper | pundit",
        here="in this forum | in the stands | on the match thread",
    ),
    _topic(
        thing="the release branch | this pull request | the build script | the parser",
        part="test suite | error message | config file | commit message | readme | patch | retry loop",
        act="rebase the branch | rewrite the parser | pin the version | write a test | close the issue",
        did="force pushed the branch | deleted the tests | closed my issue | merged the broken patch",
        field="memory management | regular expressions | code review | unit testing | caching",
        claim="the loop never ends on empty input | the crash started in version four | the cache is stale"
        " | the fix doubled the memory | two of the tests never run | the default should be zero",
        source="the changelog | the stack trace | the documentation | the bug report",
        role="maintainer | programmer | reviewer | tester",
        here="in this repository | on the mailing list | in the review",
    ),
    _topic(
        thing="the night train to the coast | the island guide | our hostel review",
        part="luggage rack | hotel review | packing list | ferry schedule | balcony | bus map | breakfast",
        act="book the ferry | carry the tent | change trains at noon | cross the pass in winter",
        did="cancelled the ferry | lost the tickets | overbooked the hostel | left the tent behind",
        field="budget travel | visa paperwork | mountain passes | ferry times",
        claim="the last bus leaves at nine | the museum is closed on Mondays | the path floods in spring"
        " | the island has one cash machine | the tent leaks at the seams | the train has no dining car",
        source="the ferry schedule | the guidebook | the ticket office | the embassy website",
        role="tour guide | travel writer | bus driver | backpacker",
        here="on this travel board | at the hostel | in the reviews",
    ),
    _topic(
        thing="the allotment newsletter | the tomato thread | the compost heap",
        part="seed order | greenhouse | hedge | watering plan | vegetable patch | wheelbarrow | tool shed",
        act="prune the roses | turn the compost | move the hedge | water the tomatoes",
        did="drowned the tomatoes | cut down my hedge | pruned the roses in June | broke the wheelbarrow",
        field="soil chemistry | slug control | pruning | heirloom beans",
        claim="roses want pruning in March | the blight came with the rain | slugs hate copper"
        " | the beans came up too early | the frost got the lemons | nobody measured the rain",
        source="the seed packet | the soil test | the almanac | the allotment rule book",
        role="gardener | plot holder | landscaper | beekeeper",
        here="at the allotment | in the garden club | on the growers' forum",
    ),
    _topic(
        thing="the third game of the match | the opening database | the club ladder",
        part="endgame | opening move | queen sacrifice | tournament table | analysis | clock time | blunder",
        act="castle early | offer a draw | trade the bishops | analyse the endgame",
        did="blundered the queen | offered a draw | touched the wrong rook | adjourned the game",
        field="rook endings | pawn structure | blitz chess | opening theory",
        claim="black was winning on move thirty | the knight belongs on f5 | the draw was correct"
        " | white had a simple fork | the clock was set wrong | the rook should stay at home",
        source="the score sheet | the engine output | the tournament bulletin | the clock log",
        role="arbiter | chess player | coach | commentator",
        here="at the club | in this analysis thread | on the server",
    ),
    _topic(
        thing="the remake | the director's cut | the film festival page",
        part="plot summary | ending | soundtrack | cast list | final scene | voice acting | trailer",
        act="review a film | sit through the sequel | shorten the plot summary | dub the dialogue",
        did="spoiled the ending | cut the best scene | removed the cast list | dubbed the dialogue",
        field="film editing | silent comedy | sound mixing | sequels",
        claim="the second act drags | the score was recorded in one day | the twist is in the novel too"
        " | the villain has the best lines | the dubbing is out of step | the ending was reshot",
        source="the interview | the press kit | the original screenplay | the box office report",
        role="film critic | projectionist | screenwriter | extra",
        here="in this review section | at the festival | on the film wiki",
    ),
    _topic(
        thing="the new bus lane | the plan for the old market | the library budget",
        part="parking plan | petition | meeting agenda | cycle path | bus shelter | street sign | crossing",
        act="close the high street | count the parking spaces | paint a crossing | chair the meeting",
        did="closed the high street | lost the petition | voted against the library | moved the bus stop",
        field="traffic planning | local budgets | parking rules | street lighting",
        claim="the count was done in August | the shop owners were never asked | the lane is too narrow"
        " | the market has been empty for years | the bus is never full | the sign points the wrong way",
        source="the council record | the traffic survey | the budget report | the planning notice",
        role="councillor | planner | resident | bus driver",
        here="at the town meeting | in this comment section | on the local page",
    ),
    _topic(
        thing="the live album | the choir rehearsal | the guitar forum",
        part="bass line | chorus | album cover | set list | drum solo | second verse | guitar tone",
        act="tune a banjo | play the bridge | mix the drums | sing the high part | read the score",
        did="ruined the chorus | unplugged the amplifier | skipped rehearsal | played over my solo",
        field="music theory | vintage amplifiers | choral singing | drum tuning",
        claim="the chorus is in the wrong key | the demo was better | the tape was slowed down"
        " | the drummer counts too fast | the bridge has a bar too many | the microphone was off",
        source="the sheet music | the record sleeve | the session log | the original pressing",
        role="drummer | sound engineer | singer | music critic",
        here="in this band | on the guitar forum | at rehearsal",
    ),
    _topic(
        thing="the comet thread | the telescope review | the article on eclipses",
        part="star chart | eyepiece | orbit diagram | exposure time | mirror | tripod | magnitude table",
        act="polish the mirror | align the telescope | plot the orbit | photograph the comet",
        did="scratched the mirror | misread the star chart | bumped the tripod | rounded the orbit",
        field="orbital mechanics | lens coatings | variable stars | light pollution",
        claim="the comet was visible on Tuesday | the mirror is not spherical | the period is eleven years"
        " | the moon was too bright | the tripod shook in the wind | the second star is a double",
        source="the observation log | the star atlas | the manual | the survey paper",
        role="astronomer | observer | telescope maker | moderator",
        here="at the observatory | in the astronomy group | on this board",
    ),
    _topic(
        thing="the winter bike thread | the tandem | the gear shop on the corner",
        part="rear brake | chain | saddle | repair stand | tyre review | route file | bell",
        act="true a wheel | oil the chain | climb that hill | patch a tube | lock a bike",
        did="stripped the bolt | rode off with my pump | crossed the chain | blocked the cycle path",
        field="wheel building | gear ratios | winter cycling | tyre pressure",
        claim="the bolt has a left hand thread | wide tyres roll just as fast | the brake was never connected"
        " | the chain was too long | the hill is steeper from the north | the tube had two holes",
        source="the torque table | the workshop manual | the route file | the warranty",
        role="mechanic | courier | cyclist | shop owner",
        here="in this workshop | on the club ride | on the cycling forum",
    ),
    _topic(
        thing="the biology essay | the homework thread | the school play",
        part="footnote | bar chart | conclusion | bibliography | title page | experiment | costume",
        act="grade an essay | cite a book | label the axes | rehearse the play | borrow a calculator",
        did="copied the essay | failed the quiz | lost the costume | mislabelled the axes",
        field="cell biology | long division | essay structure | stage lighting",
        claim="the deadline was Friday | the sample was too small | the second source is a blog"
        " | the graph has no units | the play is too long for one evening | the quiz had a misprint",
        source="the textbook | the marking scheme | the lab notebook | the syllabus",
        role="teacher | student | librarian | tutor",
        here="in this class | in the study group | on the homework board",
    ),
)
