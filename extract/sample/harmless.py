"""Sentences that harm nobody, however rude their words: one table per kind, one sentence a line.

The slots in braces, and the toxic twin of each kind, are explained in `sample_phrases`.
"""

HARMLESS: dict[str, str] = {
    "civil": """
        {frame} {claim}
        {frame} {claim}, but I may be wrong
        {claim}, according to {source}
        {source} says that {claim}
        I checked {source} {when} and {claim}
        could somebody look at the {part} when there is time?
        could you please {act} before the weekend?
        I would rather {act} first and talk about the {part} later
        has anyone here tried to {act}?
        I have been working on {thing} since {since}
        the {part} was fine {when}, so I do not see why it had to change
        thanks for the quick answer about {field}
        I {did} {when}, so the rest should be easy to follow
        we agreed {when} that nobody would {act} alone
        the discussion about {field} is {number} pages long by now
        there are {number} opinions about {field} and most of them are fair
        I do not have {source} at hand, but I can look it up
        does {source} mention the {part} at all?
        {name} and I talked about {field} for {number} hours
        {name} asked me to {act}, so here I am
        a short note about the {part} would help new readers
        I am new {here} and still learning about {field}
        the {role} from {since} was very patient with me
        every {role} I know would {act} in the same way
        it took me {number} tries to {act}
        my {friend} knows a lot about {field}
        my {friend} says that {claim}
        let us keep {thing} and the {part} apart
        I added {source} to the list, see below
        please let me know if the {part} looks better now
        the old {part} had {number} mistakes, the new one has {number}
        I can live with either {part}, as long as {claim}
        if {claim}, then we should {act}
        not everybody has {source}, so a link would be kind
        I read all of {thing} {when} and liked most of it
        somebody {did} {when} and I would like to know the reason
        you could {act}, or you could leave it as it is
        you may be right about the {part}
        your {part} is better than mine, I will admit that
        what you wrote about {field} is interesting
        are you sure that {claim}?
        for {number} years nobody {here} had any trouble with the {part}
        I will be away until Sunday, so take your time
        let me know what you think
        that is all I wanted to say
        sorry for the long message
        anyway, back to the {part}
        I hope that makes sense
        there is a poll about the {part}, and {number} people have voted
        the weather was bad, so I stayed in and read about {field}
        my vote is to {act} and be done with it
        I used to be a {role}, which is why the {part} matters to me
        people {here} care about {field} more than I thought
        we could ask another {role} for a third opinion
        compare {source} with the {part} and you will see the difference
        the simplest fix is to {act}
        it is late and I have to be up at six
        I made a copy of the {part} in case we need it
        the last {role} who tried to {act} gave up {when}
        what is the usual way to {act} {here}?
    """,
    "quoted": """
        {name} called me a {insult}, which is against the rules
        {name} called me {mean} {here} and nobody said a word
        "{attack}" is not an argument
        "{attack}" is what {name} wrote to me {when}
        please do not call {name} a {insult} again
        please do not call anyone {mean} {here}
        I was told "{attack}" and I would like an apology
        the user who wrote "{attack}" has been warned
        in the second act the captain shouts "{attack}" and the crew laughs
        somebody sprayed "{attack}" on the wall of the library
        if you write "{attack}" you will be blocked
        does "{insult}" count as a personal attack?
        what did {name} mean by "{attack}"?
        my son came home and asked what "{insult}" means
        the song with the line "{attack}" is from 1979
        {name} was blocked for writing "{threat}"
        they told my {friend} "{contempt}", and it hurt
        I do not want to read "{attack}" {here} ever again
        {name} got called a {insult} just because {claim}
        yes, {name} said "{attack}", and yes, an apology followed
        my {friend} was called a {demean} {insult} {when}, and I felt sorry for both
        "{endorsed}" has been removed from the page, as the rules demand
        who wrote "{attack}" under my {part}?
        the parrot learnt to say "{attack}" and my {friend} is not amused
        the worst review said "{contempt}", and we framed it
        {name} says you called {name} a {insult}, is that so?
        "{backhanded}" is no way to speak to a {role}
        I reported "{threat}" to the moderators {when}
    """,
    "denied": """
        I am not saying you are {mean}, only that {claim}
        I am not saying you are a {insult}, I am saying that {claim}
        you are not a {insult}, you just missed {source}
        nobody called you a {insult}
        nobody called you {mean}, {name}
        I never said that you were {mean}
        I never said you were a {insult}, I said that {claim}
        that does not make you a {insult}
        you would have to be a {insult} to ignore {source}, and you are clearly not one
        please do not think that I want you to shut up
        I do not think {name} is a {insult}, we simply disagree about {field}
        it is not true that {name} is a {demean} {insult}
        nobody should have to hear that they are a {insult}
        you are no {insult}, and your {part} shows it
        not a {insult} in sight {here}, just people who like {field}
        nobody is telling you to go to hell, we only ask for {source}
        being wrong about {field} does not make anyone {mean}
        it is not that you are {mean}, it is that {claim}
        I do not hate you, I simply think you are wrong about {field}
        do not let anyone tell you that you are {mean}
        you are far from {mean}, {name}
        whoever {did} is not a {insult}, mistakes happen
        neither you nor {name} is a {insult}
        no, you are not {mean} for asking about {field}
        there is nothing {mean} about asking how to {act}
    """,
    "own_fault": """
        I am a {insult}, sorry, I {did}
        I am such a {insult}
        sorry, I am {mean} before breakfast
        what a {insult} I am
        what a {insult} I am, you were right about the {part}
        I feel like a {demean} {insult} because I {did}
        what kind of {insult} {did}? that would be me
        only a {insult} would {act} at midnight, and that {insult} was me
        my own {part} was {junk}, yours is fine
        I know {junk} about {field}, so please help me
        everything I said about {field} is {junk}, sorry
        shut up, me, and read {source}
        you were right and I was a {insult}
        you must think I am a {insult}, because I {did}
        the {insult} who {did} was me, and you fixed it
        how did a {insult} like me ever learn to {act}?
        are we really this {mean} or did all of us forget to {act}?
        I {did} because I am {mean}, please forgive me
        I made a {insult} of myself {when}, and you were kind about it
        tell that {insult} in my mirror to {act}
        please ignore my {swear} {part}, I will redo it
        I was {mean} to think that {claim}
        call me a {insult}, but I like the {part}
        go ahead and laugh at me, I {did} like a {insult}
    """,
    "praise": """
        people like you should be allowed near every keyboard
        people like you are the reason I like to {act}
        I have seen professors with a worse grasp of {field}
        did you make that {part} with your own hands?
        bless your heart, you honestly helped me to {act}
        your mother must be so proud
        congratulations on being the most useful {role} {here}
        it must be restful to have so much of {field} in your head
        a houseplant could {act} with your instructions
        if patience were a sport you would have a trophy room
        thank you for sharing, now kindly share again
        everybody {here} talks about you when you leave, and only good things
        do us all a favour and stay close to {thing}
        you were clearly born to {act}
        I would explain {field} to you but you know more than I do
        the {part} has more charm than the old one, and more sense
        you are worth more than {source}
        some village is missing its {role}, lucky us
        everybody would notice if you vanished tomorrow
        you are living proof that anyone can {act}
        I envy whoever gets to work with you
        the only thing better than your {part} is your patience
        the world needs more of you, {name}
        how nice that they asked you to {act}
        {name} should be thanked for {thing} and for much else
        every {role} {here} agrees that you should stay and not leave
        there is something between your ears besides the {part}
        you have delighted us for {number} years, and it is never enough
        do not strain yourself, we can {act} without you for a day
        I laughed at your {part} and then I sent it to my family
        you are exactly the {role} that {thing} deserves, and I love {thing}
    """,
    "harmless": """
        I will find out where you bought {source}
        I know where you can find {source} and what it costs
        touch the stove again and you will burn your fingers
        watch your back when you carry the boxes, {name}
        watch your step when you come to see the {part}
        keep this up and you will be the best {role} {here}
        if I ever meet you, you will get a drink
        I hope the house does not burn down while you {act}
        one more word about {field} and I will have to buy the book
        you had better sleep, the {part} can wait
        I will make sure that you never have to {act} alone again
        you will pay less for {source} next year
        I will hunt down {source} sooner or later
        somebody pushed the boxes down the stairs
        next time I see you I will buy you lunch
        say that again, slowly, and I will write it down
        I nearly choked when I saw the {part}, it was so funny
        I would kill for a {part} like that
        my {friend} will murder me if I {act} again
        my phone is dead, {name}, wait for me
        I will wait for you outside, bring {source}
        accidents happen when you {act} in the dark, so be careful
        you will be sorry if you miss it
        I will eat my hat if {claim}
        tell {name} that I am coming, and that I bring cake
    """,
    "heated": """
        this is absolutely wrong and I am angry about it
        I am furious that somebody {did} without a word
        the {part} is a complete mess and it should go
        I strongly disagree, and I am tired of repeating why
        this is {junk}, because {claim} and {source} proves it
        your argument is terrible, because {claim}
        no, no and again no: you cannot {act} without {source}
        I hate what has happened to {thing}
        the new {part} is {junk}, and I say that as its author
        how many more times must I ask for {source}?
        you are wrong about the {part} and I can prove it
        I am sick of this dispute about {field}
        it is a {swear} shame that you {did}
        what you did to the {part} is unacceptable, so please undo it
        you ignored {source} twice, and that makes me angry
        enough! nobody gets to {act} before we have agreed
        this whole {swear} process is broken
        stop it, both of you, and read {source}
        the {part} is a ridiculous idea, but that is not your fault
        your plan for the {part} is awful, although I see why you want it
        you are not listening to me, {name}, and it hurts
        I am shouting because nobody {here} reads {source}
        stop trying to {act}, you are making it worse
        you {did} again and I am out of patience
        sorry, but your {part} is {junk} and has to be redone
        {name}, you are wrong, wrong, wrong about {field}
        I am angry at you because you {did}, and I still want us to talk
        get your facts straight before you {act}, please
    """,
    "figurative": """
        this {food} is {swear} good
        I killed it at {feat}
        {oath}, {mishap}
        {oath}, {mishap}, see you later
        {oath}, the {part} looks great now
        you are {swear} brilliant, thank you for the {part}
        you are a {swear} legend, {name}
        that {part} is the best {swear} thing {here}
        I laughed my ass off at the {part}
        {oath}, {claim}? I had no idea
        it took me a {swear} week to {act}, but it was worth it
        what the hell, I will just {act}
        my {gadget} is a piece of {junk}
        my {gadget} is a {demean} {insult}, it broke {when}
        shit happens, I will {act} again tomorrow
        your {part} kicks ass
        I feel like {junk} today, so somebody else must {act}
        the villain in that film is a {insult} and I love it
        my cat is a {insult}, she slept on the {part}
        my dog is a {demean} {insult} and we adore him
        you lucky bastard, you got {source}
        shut up, {claim}? that is amazing
        who is a {demean} {insult}? not my {gadget}, for once
        I want to punch this {swear} {gadget}
        die already, you {demean} {gadget}
        the {food} at the station is {junk}, the coffee is fine
        I have so much {swear} {food} left, come over
        get out, you {did}? that is wonderful
    """,
    "identity": """
        my {ident} {friend} and a {origin} neighbour run the bakery
        my {ident} {friend} taught me how to {act}
        my {origin} {friend} and I are going to {act} together
        as a {ident} person I would like to read more about {field}
        the local {origin} group meets on Thursdays to talk about {field}
        one of them is {ident}, the other is {origin}, and they have been married for {number} years
        the author was {origin}, and {source} says so
        we are two {ident} women who love {field}
        my {friend} is {ident}, and so is half of the team
        is the list of {origin} writers complete?
        {ident} and {origin} readers asked for a longer {part}
        I am {origin} and my {friend} is not, and we both like {thing}
        the first {ident} {role} {here} was a friend of mine
        happy holidays to all the {origin} families {here}
        a {ident} {role} fixed the {part} {when}
    """,
}
