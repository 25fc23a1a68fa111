"""Sentences that attack, demean or threaten a person: one table per kind, one sentence a line.

The slots in braces, and the harmless twin of each kind, are explained in `sample_phrases`.
"""

TOXIC: dict[str, str] = {
    "attack": """
        you {insult}
        you {demean} {insult}
        you are a {demean} {insult}
        you are such a {insult}
        you are a {insult}, {name}
        what a {insult} you are
        what a {demean} {insult}
        shut up, you {insult}
        shut up about the {part}, {insult}
        nobody asked you, {insult}
        get lost, you {demean} {insult}
        get a life, {insult}
        only a {insult} would {act}
        you have no idea about {field}, you {insult}
        how does a {insult} like you even {act}?
        you and your {swear} {part} can go to hell
        stop posting this {junk}, you {insult}
        you know {junk} about {field}
        {insult}, learn to read before you {act}
        are you really this {mean} or do you practise?
        everything you say about {field} is {junk}
        fuck you and your {part}
        go to hell, {name}
        you are full of {junk}
        you are a {insult} and your {part} is {junk}
        {name} is a {demean} {insult}
        {name} is {mean} and always will be
        {name}, you {swear} {insult}, leave the {part} alone
        what kind of {insult} {did}?
        the {insult} who {did} is called {name}
        I am talking to a {swear} {insult}
        you {did} because you are {mean}
        take your {swear} {part} and get out
        you make me sick, {insult}
        of course it was a {insult} like {name} who {did}
        you are {mean}, {name}, and so is your {part}
        a {insult} like {name} has no business {here}
        we do not need another {insult} {here}, so get out
        your {part} is {junk} because you are {mean}
        who let this {insult} {act}?
    """,
    "endorsed": """
        as {name} put it, "{attack}", and that goes for you
        {name} called you a {insult}, which was far too kind
        {name} called you {mean} {here} and nobody disagreed
        {name} was blocked for calling you a {insult}, but it is the truth
        does "{insult}" count as a personal attack if it fits you this well?
        I was told not to call you a {insult}, so I will just call you {mean}
        if I write that you are a {insult} I get blocked, but look at you
        look up "{insult}" and there is your picture
        the rules forbid it, but {attack}
        I do not want to read your {part} {here} ever again, {insult}
        the user who wrote "{claim}" is a {insult}
        you wrote "{claim}" because you are {mean}
        "{claim}", says the {insult} who {did}
        what did the {insult} mean by "{claim}"?
        they should spray "{insult}" on your door
        please call {name} a {insult} again, it is what that {insult} deserves
        you got called a {insult} because you are one
        yes, I said "{attack}", and I meant every word
        my {friend} called you a {demean} {insult} {when}, and was right
        {name} deserved to be called a {insult}, and so do you
    """,
    "backhanded": """
        not exactly a genius, are you, you {insult}
        I am not saying you are {mean}, I am saying you are a {insult}
        I am not saying you are a {insult}, I am saying that {name} thinks so and I agree
        I would not call you clever, I would call you a {insult}
        no offence, but you are a {insult}
        with all respect, you are {mean}
        you are not {mean}, you are worse, you are a {insult}
        nobody called you a {insult} because we were all being polite
        I never said that you were smart, {insult}
        I never said you were a {insult}, I only thought it, and now I know it
        that does not make you a {role}, it makes you a {insult}
        you would have to be a {insult} to ignore {source}, and you clearly are one
        do not think for a minute that you are not a {insult}
        it is not true that you are a {insult}, that would be unfair to the others
        you are no {role}, and your {part} shows how {mean} you are
        not a brain cell in sight whenever you {act}
        nobody is telling you to {act}, we are telling you to go to hell
        being wrong about {field} does not make you {mean}, everything else about you does
        it is not that you are wrong about {field}, it is that you are {mean}
        I do not hate you, I simply think you are {mean}
        do not let anyone tell you that you are not {mean}
        you are far from clever, {name}
        there is nothing wrong with {thing} except a {insult} like you
        no, you are {mean} for asking about {field} again
    """,
    "blamed": """
        I was a {insult} to trust a {insult} like you
        you are sorry that you {did}? you are a {insult}
        what a {insult}, and to think I was right about you
        you must think I am {mean}, but the {insult} is you
        you were wrong and you were a {insult}
        you feel like a {insult} because you are one
        what kind of {insult} {did}? that would be you
        only a {insult} would {act} at midnight, and that {insult} was you
        my own {part} was fine, yours is {junk} and so are you
        I know {junk} about {field} and you still know less, {insult}
        the {insult} who {did} was you, and I fixed it
        you {did} because you are {mean}, and I will not forgive you
        you made a {insult} of yourself {when}, as usual
        tell that {insult} in your mirror to {act}
        please ignore that {insult} and the {swear} {part}
        go ahead and laugh, you {did} like a {insult}
        sorry, but you are {mean} before breakfast and worse after it
        how did a {insult} like you ever learn to {act}?
    """,
    "contempt": """
        people like you should not be allowed near a keyboard
        people like you are the reason nobody likes to {act}
        I have seen toddlers with a better grasp of {field}
        did you make that {part} with your elbows?
        bless your heart, you honestly thought you could {act}
        your mother must be so disappointed
        congratulations on being the least useful {role} {here}
        it must be restful to have so little in your head
        a houseplant could {act} better than you
        if ignorance were a sport you would have a trophy room
        thank you for sharing, now kindly never share again
        everybody {here} laughs about you when you leave
        do us all a favour and stay far away from {thing}
        you were clearly dropped as a child
        I would explain {field} to you but I left my crayons at home
        the {part} has more personality than you, and more sense
        you are worth less than {source}
        some village is missing its {role}, lucky village
        nobody would notice if you vanished tomorrow
        you are living proof that anyone can {act} badly
        I pity whoever has to work with you
        the only thing emptier than your {part} is your head
        the world needs fewer of you, {name}
        how nice that they let you out to {act}
        {name} should be kept away from {thing} and from other people
        every {role} {here} agrees that you should leave and not come back
        is there anything between your ears besides the {part}?
        you have delighted us for {number} years, that is enough of you
        do not strain yourself, thinking was never your strong side
        I laughed at your {part} and then I felt sorry for your family
        you are exactly the {role} that {thing} deserves, and I hate {thing}
    """,
    "threat": """
        I will find out where you live
        I know where you work and what you drive
        touch the {part} again and I will break your fingers
        watch your back, {name}
        watch your back when you come to see the {part}
        keep this up and you will regret it
        if I ever meet you, you will need a dentist
        I hope your house burns down while you {act}
        one more word about {field} and I will shut your mouth for you
        you had better sleep with the lights on
        I will make sure that you never {act} again
        you will pay for what you did to the {part}
        I will hunt you down sooner or later
        somebody should push you down the stairs
        next time I see you I will smash your face in
        say that again and I will knock your teeth out
        I hope you choke on your {part}
        I would kill you for a {part} like that
        my {friend} and I will come for you if you {act} again
        you are dead, {name}, wait and see
        I will wait for you outside, and not alone
        accidents happen to people who {act}, so be careful
        you will be sorry when I get there
        I will make you eat {source}
        tell {name} that I am coming, and not to talk
    """,
    "defended": """
        stop mocking my {ident} {friend}, you {insult}
        you pick on {origin} people because you are a {insult}
        only a {insult} laughs at my {ident} {friend}
        my {origin} {friend} knows more about {field} than a {insult} like you
        my {friend} is {ident}, and only a {insult} would laugh about it
        leave the {origin} group alone, you {demean} {insult}
        I am {ident} and you are {mean}, so which of us should be ashamed?
        a {ident} {role} fixed the {part} that you broke, {insult}
        everyone is welcome {here}, {origin} or not, except a {insult} like {name}
    """,
}
