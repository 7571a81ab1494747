#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tell seeded stories of a small simulated world, one JSON document a line.

    python3 Fixtures/microworld.py --seed 7 --documents 4000 > world.jsonl
    python3 Fixtures/microworld.py --seed 7 --documents 4000 --check     # tell them and check them
    python3 Fixtures/microworld.py --check world.jsonl                   # check a file

Each document is one episode of 15 to 60 sentences. People walk between places, pick things up, give them away, open
chests and run errands while the day passes; every sentence is true in the simulated state at the moment it stands. So
there is something to learn: a thing is named before it is "the" thing, taken before it is carried, fetched after it
was asked for; pronouns, "there" and trades ("the baker") point at what was said before; answers follow from the story;
people act as their character makes them likely to; names, places and things stay within their episode.

`--check` knows nothing of the simulation: it reads the sentences back and keeps its own books. Output depends on the
seed and the number of the episode alone, in every version of Python: the generator is splitmix64, in whole numbers.
"""

import argparse
import json
import re
import sys

# ------------------------------------------------------------------------------------------------------------ lexicon

WOMEN = (
    "Ada Amina Astrid Bela Carla Daria Edith Elif Fatima Freya Greta Hana Ines Ingrid Iris Jana Kaia Leila Lena Lucia "
    "Mara Mei Mira Nadia Nora Olga Paula Petra Rosa Ruth Sana Selma Sofia Tara Thea Uma Vera Wanda Yuki Zora"
).split()
MEN = (
    "Adam Ahmed Anton Arun Bruno Carl Dario David Elias Emil Erik Felix Goran Hugo Ivan Jonas Karim Kofi Leo Luca "
    "Marek Mateo Milo Nils Omar Oskar Otto Pavel Pedro Rafael Ravi Samir Sven Tariq Theo Tomas Viktor Walter Yusuf Zeno"
).split()
TRAITS = {  # character: the deeds that it makes more likely, and explains
    "tidy": ("put_in", "close"),
    "generous": ("give",),
    "curious": ("open", "take_out"),
    "restless": ("move", "go_back"),
    "forgetful": ("drop",),
    "careful": ("close",),
    "thrifty": ("take",),
    "practical": ("take", "take_out"),
}
JOBS = (
    "baker barber blacksmith carpenter clockmaker cook dentist doctor farmer fiddler fisher gardener glazier hunter "
    "judge librarian mason miller nurse painter pilot plumber potter printer sailor shepherd tailor "
    "teacher weaver writer"
).split()
PLACES = {
    "attic": "in", "bakery": "in", "barn": "in", "beach": "on", "bridge": "on", "cellar": "in", "chapel": "in",
    "courtyard": "in", "crossroads": "at", "ferry": "on", "forest": "in", "forge": "at", "garden": "in",
    "greenhouse": "in", "hallway": "in", "harbour": "at", "hilltop": "on", "inn": "at", "kitchen": "in",
    "lighthouse": "at", "market": "at", "meadow": "in", "mill": "at", "museum": "in", "orchard": "in", "pier": "on",
    "quarry": "in", "school": "at", "shipyard": "in", "stable": "in", "station": "at", "study": "in", "terrace": "on",
    "theatre": "in", "tower": "in", "vineyard": "in", "well": "at", "workshop": "in",
}  # fmt: skip
COLOURS = "amber black blue brown golden green grey orange pink purple red silver violet white yellow".split()
THINGS = (
    "apple ball bell book bottle bowl broom brush bucket candle coat coin compass cup drum feather flag flute fork "
    "glove hammer hat jar jug kettle key kite knife ladle lamp lantern letter loaf map mirror mug needle pan parcel "
    "pear pen pipe plate ribbon ring rope scarf shawl shell shovel spoon stone sword thimble towel umbrella vase "
    "violin whistle"
).split()
MATERIALS = "copper iron leather oaken painted pewter tin wicker wooden woven".split()
CONTAINERS = "barrel basket box casket chest coffer crate hamper locker trunk".split()
NUMBERS = ["none", "one", "two", "three"]
CARRY = 3  # what two hands can hold

TIMES = (
    ("It was a clear morning.", "The morning was cool and quiet.", "The day had just begun.",
     "It was early in the morning.", "The sun had just come up.", "Morning mist hung over everything."),
    ("The morning passed.", "By then the morning was half gone.", "The sun climbed higher.",
     "It grew warmer.", "Late in the morning a light wind rose."),
    ("At noon the bells rang.", "Noon came.", "Now it was the middle of the day.", "At noon the shadows were short.",
     "The clock struck twelve."),
    ("The afternoon was long and warm.", "In the afternoon some clouds came up.", "Noon was over.",
     "The afternoon went by slowly.", "After noon the air was still."),
    ("Evening came.", "The sun was setting.", "In the evening the light turned soft.", "The shadows grew long.",
     "It was getting dark."),
    ("Night fell.", "Now it was night.", "The stars came out.", "The moon rose.", "At night everything was quiet."),
)  # fmt: skip

# Slots: P, Q people · T, C things · TS all that somebody holds · A "in the barn" · L, F "the barn" · N, R somebody
# or something new · S lid · K colour · W number · his, him. "!" asks for the full name, "~" for the bare noun.
TEMPLATES = {
    # The cast.
    "intro_person": (
        "{P!}, {R}, was {A}.", "{P!} was {R} and stood {A}.", "{R} named {P!} was {A}.", "{A} was {P!}, {R}.",
        "That day {P!}, {R}, was {A}.", "{P!}, {R}, was waiting {A}."),
    "intro_container": (
        "There was {N} {A}, and the lid was {S}.", "{N} stood {A} with its lid {S}.",
        "{A} stood {N}, and its lid was {S}.",
        "Everybody knew {N} {A}, whose lid was {S}.", "{N} had been set up {A} with the lid {S}."),
    "intro_thing": (
        "There was {N} {A}.", "{N} lay {A}.", "{A} lay {N}.", "Someone had left {N} {A}.", "{N} could be seen {A}."),
    "intro_inside": (
        "There was {N} in {C}.", "{N} lay inside {C}.", "{C} held {N}.", "Inside {C} was {N}.",
        "Somebody had put {N} into {C}."),
    "intro_held": (
        "{P} carried {N}.", "{P} had {N} with {him}.", "{P} was holding {N}.", "{P} had brought {N}.",
        "In {his} hands {P} held {N}."),
    # What happens.
    "move": (
        "{P} walked to {L}.", "{P} went to {L}.", "{P} left {F} and went to {L}.", "{P} set out for {L}.",
        "{P} made {his} way to {L}.", "From {F}, {P} walked to {L}.", "{P} hurried to {L}."),
    "go_back": (
        "{P} went back to {L}.", "{P} returned to {L}.", "{P} came back to {L}.", "{P} walked back to {L}.",
        "{P} left {F} and went back to {L}."),
    "move_with": (
        "{P} carried {TS} to {L}.", "{P} took {TS} to {L}.", "{P} went to {L} with {TS}.", "{P} brought {TS} to {L}.",
        "With {TS}, {P} walked to {L}."),
    "take": (
        "{P} picked up {T!}.", "{P} took {T}.", "{P} picked {T} up {A}.", "{P} took hold of {T} {A}.",
        "{P} bent down and picked up {T!}.", "{A} {P} picked up {T!}."),
    "drop": (
        "{P} put {T} down.", "{P} left {T} {A}.", "{P} set {T} down {A}.", "{P} laid {T} down.",
        "{P} let go of {T} {A}."),
    "give": (
        "{P} gave {T} to {Q}.", "{P} handed {T} to {Q}.", "{P} passed {T} to {Q}.", "{P} gave {Q} {T!}.",
        "{Q} got {T} from {P}.", "{P} let {Q} have {T}.", "{Q} received {T} from {P}."),
    "open": (
        "{P} opened {C}.", "{P} lifted the lid of {C!}.", "{P} raised the lid of {C!}.", "{P} unlatched {C}.",
        "Without a word {P} lifted the lid of {C!}."),
    "close": (
        "{P} shut {C}.", "{P} lowered the lid of {C!}.", "{P} put the lid back on {C!}.", "{P} latched {C}.",
        "{P} let the lid of {C!} fall shut."),
    "put_in": (
        "{P} put {T} into {C!}.", "{P} placed {T} in {C!}.", "{P} laid {T} in {C!}.", "{P} stowed {T} in {C!}.",
        "{P} hid {T} in {C!}."),
    "take_out": (
        "{P} took {T} out of {C!}.", "{P} lifted {T} out of {C!}.", "{P} pulled {T} from {C!}.",
        "From {C!}, {P} took {T!}.", "{P} reached into {C!} and took out {T!}."),
    "request": (
        "{P} asked {Q} for {T}.", "{P} asked {Q} to bring {T}.", "{P} needed {T} and asked {Q} for help.",
        "{P} begged {Q} to fetch {T}.", "{Q} promised to fetch {T} for {P}."),
    "tell": (
        "{P} said that {T} was {A}.", "{P} told {Q} that {T} was {A}.", "{P} knew that {T} was {A}.",
        '"{T} is {A}," said {P}.', "{P} explained that {T} could be found {A}.", '"Look for {T} {A}," said {P}.'),
    "tell_in": (
        "{P} said that {T} was in {C!} {A}.", "{P} told {Q} that {T} was in {C!} {A}.",
        "{P} knew that {T} was in {C!} {A}.", '"{T} is in {C!} {A}," said {P}.',
        '"You will find {T} in {C!} {A}," said {P}.'),
    "thank": (
        "{Q} thanked {P}.", "{Q} was glad and thanked {P}.", "{Q} thanked {P} warmly.", '"Thank you, {P!}," said {Q}.',
        "{Q} was pleased, for {P} had kept the promise."),
    "meet": (
        "{P} met {Q} {A}.", "{P} greeted {Q} {A}.", "{P} found {Q} {A}.", "{Q} waved to {P} {A}.",
        "{P} and {Q} were both {A}."),
    "search": (
        "{P} looked for {T} {A}, but in vain.", "{P} could not find {T} {A}.",
        "{P} searched for {T} {A} without success.",
        "{P} looked around {A} and did not see {T}.", "{P} hoped to see {T} {A} and was disappointed."),
    # What is true.
    "person_at": (
        "{P} was {A}.", "{P} stood {A}.", "{P} waited {A}.", "{P} rested {A}.", "{P} stayed {A} for a while."),
    "holds": (
        "{P} was carrying {TS}.", "{P} had {TS}.", "{P} now had {TS}.", "{P} held {TS}.",
        "{P} walked about with {TS}."),
    "holds_nothing": (
        "{P} had nothing in {his} hands.", "{P} carried nothing.", "{P} was not carrying anything.",
        "{P} held nothing at all.", "{P} had empty hands."),
    "thing_at": (
        "{T} was {A}.", "{T} was now {A}.", "{T} lay {A}.", "{T} could be found {A}.", "{A} lay {T}."),
    "thing_in": (
        "{T} was in {C!}.", "{T} was inside {C!}.", "{C!} now held {T!}.", "{T} lay hidden in {C!}.",
        "Inside {C!} lay {T!}."),
    "thing_gone": (
        "{T} was no longer {A}.", "{T} was not {A} any more.", "Nobody would find {T} {A} now.",
        "{T} had been taken from {F}.", "{T} had disappeared from {F}."),
    "lid": (
        "{C} was {S}.", "The lid of {C!} was {S}.", "{C} stood {S}.", "{C} was now {S}.",
        "Everybody saw that {C} was {S}."),
    "colour": (
        "{T~} was {K}.", "{T~} was {K} all over.", "The colour of {T~} was {K}.", "Everybody knew that {T~} was {K}.",
        "{T~} shone {K} in the light."),
    # Questions, each followed by its answer.
    "ask_thing": (
        "Where was {T}?", "Where was {T} now?", "Where could {T} be found?", "In which place was {T}?",
        "Did anyone know where {T} was?"),
    "ask_person": (
        "Where was {P}?", "Where was {P} now?", "Where did {P} stand?", "In which place was {P}?",
        "Did anyone know where {P} was?"),
    "ask_holder": (
        "Who had {T}?", "Who was carrying {T}?", "Who had {T} now?", "In whose hands was {T}?", "Did anyone have {T}?"),
    "ask_lid": (
        "Was {C} {S}?", "Was the lid of {C!} {S}?", "Was {C} {S} now?", "Did {C} stand {S}?", "Was {C} really {S}?"),
    "ask_holds": (
        "What was {P} carrying?", "What did {P} have?", "What did {P} hold?", "What was in {P!}'s hands?",
        "What did {P} carry now?"),
    "ask_count": (
        "How many things did {P} have?", "How many things was {P} carrying?", "How many things did {P} hold?",
        "How many things did {P} carry now?", "How many things were in {P!}'s hands?"),
    "ask_colour": (
        "What colour was {T~}?", "Which colour did {T~} have?", "What was the colour of {T~}?",
        "Did anyone recall the colour of {T~}?", "Of what colour was {T~}?"),
    "answer_at": ("{T} was {A}.", "{T} lay {A}.", "{A}.", "Yes: {A}.", "People said that {T} was {A}."),
    "answer_in": (
        "{T} was in {C!} {A}.", "{T} lay in {C!} {A}.", "In {C!} {A}.", "Inside {C!} {A}.",
        "Somebody had seen {T} in {C!} {A}."),
    "answer_with": (
        "{P} had {T} {A}.", "{P} was carrying {T} {A}.", "With {P} {A}.", "{P} held {T} {A}.", "{P} kept {T} {A}."),
    "answer_person": (
        "{P} was {A}.", "{P} stood {A}.", "{A}.", "Somebody had seen {P} {A}.", "{P} could be found {A}."),
    "answer_holder": ("{P} had {T}.", "{P} was carrying {T}.", "{P!}.", "{P!} did.", "{P} held {T}."),
    "answer_nobody": ("Nobody had {T}.", "Nobody.", "Nobody did.", "Nobody held {T}.", "Not a soul."),
    "answer_yes": ("Yes, {C} was {S}.", "Yes.", "Yes, {S}.", "Indeed, {C} was {S}.", "Yes, {C} stood {S}."),
    "answer_no": ("No, {C} was {S}.", "No.", "No, {S}.", "Not at all: {C} was {S}.", "No, {C} stood {S}."),
    "answer_holds": ("{P} was carrying {TS}.", "{P} had {TS}.", "{TS}.", "{P} held {TS}.", "{P} carried {TS}."),
    "answer_nothing": (
        "{P} was carrying nothing.", "Nothing.", "{P} had nothing.", "Nothing at all.", "{P} held nothing."),
    "answer_count": ("{W}.", "{P} had {W}.", "{P} was carrying {W}.", "Exactly {W}.", "{P} held {W}."),
    "answer_colour": (
        "{T~} was {K}.", "{K}.", "{T~} was {K}, as before.", "{K}, of course.", "Everybody knew that {T~} was {K}."),
}  # fmt: skip
CUES = ("Then ", "After that, ", "Next, ", "A little later, ", "Soon ", "Soon afterwards, ", "Before long, ")
ENDINGS = ("In the end, ", "When all was done, ", "At the end of the story, ", "So it came about that ", "Finally, ")
DEEDS = ("move", "go_back", "move_with", "take", "drop", "give", "open", "close", "put_in", "take_out")
SLOT = re.compile(r"\{(\w+)([!~]?)\}")


def article(word):
    return ("an " if word[0] in "aeiou" else "a ") + word


def capitalized(text):
    at = 1 if text[0] == '"' else 0
    return text[:at] + text[at].upper() + text[at + 1 :]


# ------------------------------------------------------------------------------------------------------------- chance

MASK = (1 << 64) - 1


class Chance:
    """splitmix64 (Steele, Lea and Flood 2014), one stream for each (seed, episode)."""

    def __init__(self, seed, episode):
        self.state = seed & MASK
        self.state = self.next() ^ ((episode * 0xD1342543DE82EF95) & MASK)

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, bound):
        return (self.next() * bound) >> 64

    def percent(self, share):
        return self.below(100) < share

    def one(self, items):
        return items[self.below(len(items))]

    def some(self, items, count):
        pool = list(items)
        for i in range(count):
            j = i + self.below(len(pool) - i)
            pool[i], pool[j] = pool[j], pool[i]
        return pool[:count]

    def weighted(self, choices):
        """One of [(weight, item), …], weights being whole numbers."""
        rest = self.below(sum(weight for weight, _ in choices))
        for weight, item in choices:
            if rest < weight:
                return item
            rest -= weight
        raise AssertionError("weights changed")


# --------------------------------------------------------------------------------------------------------- simulation


class Person:
    def __init__(self, name, female, trait, job, place):
        self.name, self.female, self.trait, self.job, self.place = name, female, trait, job, place
        self.visited = [place]
        self.errand = None  # (the thing to fetch, the person who waits for it)
        self.waits = False


class Thing:
    def __init__(self, noun, look, where, lid=None):
        self.noun, self.look, self.where, self.lid = noun, look, where, lid
        self.been = []
        self.locked = False

    @property
    def place(self):
        return self.where if isinstance(self.where, str) else self.where.place


class Episode:
    """One day in the life of two to four people, told while it happens."""

    def __init__(self, chance):
        self.chance = chance
        self.paragraphs = []
        self.count = 0
        self.just_named = ([], [], [])  # people, things and places of the sentence before
        self.actor = None
        self.length = 15 + chance.below(28)
        self.hour = 0
        self.begin()
        self.live()
        self.finish()

    def text(self):
        return "\n\n".join(" ".join(sentences) for sentences in self.paragraphs)

    # Telling.

    def say(self, kind, cue="", **values):
        chance = self.chance
        given = set(values) | {"his", "him"}
        templates = [t for t in TEMPLATES[kind] if all(name in given for name, _ in SLOT.findall(t))]
        if cue:
            templates = [t for t in templates if t[0] == "{"]
        template = chance.one(templates)
        if kind in DEEDS and not cue and template.startswith("{P"):
            person = values["P"]
            if kind in TRAITS[person.trait] and chance.percent(30):
                cue = "Being " + person.trait + ", "
        people, things, places = [], [], []

        def fill(match):
            name, mark = match.group(1), match.group(2)
            value = values.get(name)
            if name in ("P", "Q"):
                first = not people
                people.append(value)
                if first and not mark and self.may_be_pronoun(value) and chance.percent(65):
                    return "she" if value.female else "he"
                if not mark and kind not in ("intro_person", "intro_held") and chance.percent(20):
                    return "the " + value.job
                return value.name
            if name in ("T", "C"):
                first = not things
                things.append(value)
                return self.thing_phrase(value, mark, first)
            if name == "TS":
                things.extend(value)
                if len(value) == 1:
                    return self.thing_phrase(value[0], mark, True)
                phrases = [self.thing_phrase(thing, mark, False) for thing in value]
                return ", ".join(phrases[:-1]) + " and " + phrases[-1]
            if name == "N":
                things.append(value)
                return article(value.look + " " + value.noun)
            if name == "A":
                first = not places
                places.append(value)
                if first and match.start() > 0 and not kind.startswith("answer") and self.just_named[2] == [value]:
                    if chance.percent(40):
                        return "there"
                return PLACES[value] + " the " + value
            if name in ("L", "F"):
                places.append(value)
                return "the " + value
            if name == "R":
                return article(value)
            if name in ("his", "him"):
                return "her" if values["P"].female else name
            return value

        text = SLOT.sub(fill, template)
        self.just_named = (people, things, places)
        self.write(capitalized(cue + text if cue else text))

    def may_be_pronoun(self, person):
        alike = [other for other in self.just_named[0] if other.female == person.female]
        return alike == [person]

    def thing_phrase(self, thing, mark, first):
        if first and mark != "!" and self.just_named[1] == [thing] and self.chance.percent(55):
            return "it"
        if mark != "~" and self.chance.percent(25):
            return "the " + thing.look + " " + thing.noun
        return "the " + thing.noun

    def write(self, sentence):
        self.paragraphs[-1].append(sentence)
        self.count += 1

    def pass_time(self):
        self.paragraphs.append([])
        self.write(self.chance.one(TIMES[self.hour]))
        self.hour += 1
        self.just_named = ([], [], [])

    # The story.

    def begin(self):
        chance = self.chance
        self.places = chance.some(list(PLACES), 3 + chance.below(2))
        head = 2 + chance.below(3)
        jobs = chance.some(JOBS, head)
        names = chance.some([(name, True) for name in WOMEN] + [(name, False) for name in MEN], head)
        self.people = [
            Person(name, female, chance.one(list(TRAITS)), jobs[i], chance.one(self.places))
            for i, (name, female) in enumerate(names)
        ]
        self.containers = [
            Thing(noun, chance.one(MATERIALS), chance.one(self.places), chance.one(["open", "closed"]))
            for noun in chance.some(CONTAINERS, 1 + chance.below(2))
        ]
        self.things = []
        self.pass_time()
        for person in self.people:
            self.say("intro_person", P=person, R=person.trait + " " + person.job, A=person.place)
        for container in self.containers:
            self.say("intro_container", N=container, A=container.place, S=container.lid)
        for noun in chance.some(THINGS, 3 + chance.below(3)):
            thing = Thing(noun, chance.one(COLOURS), chance.one(self.places))
            kind = chance.weighted([(6, "intro_thing"), (3, "intro_inside"), (2, "intro_held")])
            if kind == "intro_inside":
                thing.where = chance.one(self.containers)
                self.say(kind, N=thing, C=thing.where)
            elif kind == "intro_held":
                thing.where = chance.one(self.people)
                if len(self.held(thing.where)) < CARRY:
                    self.say(kind, P=thing.where, N=thing)
                else:
                    thing.where = thing.where.place
                    self.say("intro_thing", N=thing, A=thing.where)
            else:
                self.say(kind, N=thing, A=thing.where)
            self.things.append(thing)
            thing.been.append(thing.place)

    def live(self):
        pace = max(4, (self.length - self.count) // 5 + 1)
        next_hour = self.count + pace
        while self.count < self.length:
            if self.count >= next_hour and self.hour < len(TIMES):
                self.pass_time()
                next_hour = self.count + pace
            self.step()
            if self.chance.percent(22):
                self.remark()
            if self.chance.percent(14):
                self.question()
        while True:
            busy = [person for person in self.people if person.errand]
            if not busy:
                break
            self.run_errand(busy[0])

    def finish(self):
        for i, person in enumerate(self.chance.some(self.people, min(2, len(self.people)))):
            cue = self.chance.one(ENDINGS) if i == 0 else ""
            held = self.held(person)
            if held and self.chance.percent(60):
                self.say("holds", cue, P=person, TS=held)
            else:
                self.say("person_at", cue, P=person, A=person.place)
        self.describe(self.chance.one(self.things))

    # State.

    def held(self, person):
        return [thing for thing in self.things if thing.where is person]

    def here(self, place):
        return [thing for thing in self.things if thing.where == place and not thing.locked]

    def company(self, person):
        return [other for other in self.people if other is not person and other.place == person.place]

    def cue(self):
        return self.chance.one(CUES) if self.chance.percent(22) else ""

    # Deeds.

    def step(self):
        chance = self.chance
        if self.actor is None or not chance.percent(60):
            self.actor = chance.one(self.people)
        person = self.actor
        if person.errand and chance.percent(75):
            self.run_errand(person)
            return
        free = [thing for thing in self.held(person) if not thing.locked]
        here = self.here(person.place)
        boxes = [box for box in self.containers if box.place == person.place]
        open_boxes = [box for box in boxes if box.lid == "open"]
        inside = [thing for thing in self.things if thing.where in open_boxes and not thing.locked]
        hands_free = len(self.held(person)) < CARRY
        company = self.company(person)
        takers = [other for other in company if len(self.held(other)) < CARRY]
        helpers = [other for other in company if not other.errand and not other.waits]
        wanted = [thing for thing in self.things if not thing.locked and isinstance(thing.place, str)
                  and thing.place != person.place and not isinstance(thing.where, Person)]  # fmt: skip
        busy = any(other.errand for other in self.people)
        deeds = []
        if not person.waits and not person.errand:
            deeds.append((6, "move"))
        if here and hands_free:
            deeds.append((9, "take"))
        if free:
            deeds.append((3, "drop"))
        if free and takers:
            deeds.append((5, "give"))
        if [box for box in boxes if box.lid == "closed"]:
            deeds.append((4, "open"))
        if open_boxes:
            deeds.append((2, "close"))
        if free and open_boxes:
            deeds.append((5, "put_in"))
        if inside and hands_free:
            deeds.append((5, "take_out"))
        if self.count < 30 and not busy and helpers and wanted and not person.waits and not person.errand and not free:
            deeds.append((12, "request"))
        if not deeds:
            self.say("person_at", P=person, A=person.place)
            return
        likely = TRAITS[person.trait]
        deed = chance.weighted([(weight * 3 if kind in likely else weight, kind) for weight, kind in deeds])
        if deed == "move":
            self.move(person, chance.one([place for place in self.places if place != person.place]))
        elif deed == "take":
            self.take(person, chance.one(here))
        elif deed == "drop":
            self.drop(person, chance.one(free))
        elif deed == "give":
            self.give(person, chance.one(takers), chance.one(free))
        elif deed == "open":
            self.set_lid(person, chance.one([box for box in boxes if box.lid == "closed"]), "open")
        elif deed == "close":
            self.set_lid(person, chance.one(open_boxes), "closed")
        elif deed == "put_in":
            thing, box = chance.one(free), chance.one(open_boxes)
            thing.where = box
            self.say("put_in", self.cue(), P=person, T=thing, C=box)
        elif deed == "take_out":
            self.take(person, chance.one(inside))
        else:
            self.request(person, chance.one(helpers), chance.one(wanted))

    def move(self, person, place):
        cue, held, before = self.cue(), self.held(person), person.place
        known = place in person.visited
        person.place = place
        if not known:
            person.visited.append(place)
        for thing in held:
            if place not in thing.been:
                thing.been.append(place)
        if held and self.chance.percent(60):
            self.say("move_with", cue, P=person, TS=held, L=place)
        else:
            self.say("go_back" if known else "move", cue, P=person, L=place, F=before)
        company = self.company(person)
        if company and self.chance.percent(50):
            self.say("meet", P=person, Q=self.chance.one(company), A=place)

    def take(self, person, thing):
        box = thing.where if isinstance(thing.where, Thing) else None
        thing.where = person
        if box:
            self.say("take_out", self.cue(), P=person, T=thing, C=box)
        else:
            self.say("take", self.cue(), P=person, T=thing, A=person.place)

    def drop(self, person, thing):
        thing.where = person.place
        self.say("drop", self.cue(), P=person, T=thing, A=person.place)

    def give(self, person, other, thing):
        thing.where = other
        self.say("give", self.cue(), P=person, Q=other, T=thing)

    def set_lid(self, person, box, lid):
        box.lid = lid
        self.say("open" if lid == "open" else "close", self.cue(), P=person, C=box)

    def request(self, person, helper, thing):
        helper.errand, person.waits, thing.locked = (thing, person), True, True
        self.say("request", self.cue(), P=person, Q=helper, T=thing)
        if self.chance.percent(70):
            if isinstance(thing.where, Thing):
                self.say("tell_in", P=person, Q=helper, T=thing, C=thing.where, A=thing.place)
            else:
                self.say("tell", P=person, Q=helper, T=thing, A=thing.place)
        self.actor = helper

    def run_errand(self, person):
        thing, friend = person.errand
        if thing.where is person:
            if person.place != friend.place:
                self.move(person, friend.place)
            elif len(self.held(friend)) >= CARRY:
                self.drop(friend, self.held(friend)[0])
            else:
                self.give(person, friend, thing)
                self.say("thank", P=person, Q=friend)
                person.errand, friend.waits, thing.locked = None, False, False
        elif thing.place != person.place:
            self.move(person, thing.place)
        elif isinstance(thing.where, Thing) and thing.where.lid == "closed":
            self.set_lid(person, thing.where, "open")
        elif len(self.held(person)) >= CARRY:
            self.drop(person, self.held(person)[0])
        else:
            self.take(person, thing)

    # Remarks and questions, true at the moment.

    def describe(self, thing):
        if isinstance(thing.where, Person):
            self.say("holds", P=thing.where, TS=self.held(thing.where))
        elif isinstance(thing.where, Thing):
            self.say("thing_in", T=thing, C=thing.where)
        else:
            self.say("thing_at", T=thing, A=thing.where)

    def remark(self):
        chance, person = self.chance, self.actor
        kind = chance.weighted(
            [(3, "person_at"), (4, "holds"), (4, "thing"), (3, "thing_gone"), (2, "lid"), (2, "colour"), (3, "search")])
        held = self.held(person)
        if kind == "person_at":
            self.say(kind, P=person, A=person.place)
        elif kind == "holds":
            if held:
                self.say(kind, P=person, TS=held)
            else:
                self.say("holds_nothing", P=person)
        elif kind == "lid":
            box = chance.one(self.containers)
            self.say(kind, C=box, S=box.lid)
        elif kind == "colour":
            thing = chance.one(self.things)
            self.say(kind, T=thing, K=thing.look)
        elif kind == "thing_gone":
            gone = [(thing, place) for thing in self.things for place in thing.been if place != thing.place]
            if gone:
                thing, place = chance.one(gone)
                self.say(kind, T=thing, A=place, F=place)
        elif kind == "search":
            away = [thing for thing in self.things if thing.place != person.place and not thing.locked]
            if away:
                self.say(kind, P=person, T=chance.one(away), A=person.place)
        else:
            self.describe(chance.one(self.things))

    def question(self):
        chance = self.chance
        kind = chance.weighted(
            [(6, "ask_thing"), (3, "ask_person"), (4, "ask_holder"), (2, "ask_lid"), (3, "ask_holds"), (2, "ask_count"),
             (2, "ask_colour")])
        person, thing, box = chance.one(self.people), chance.one(self.things), chance.one(self.containers)
        if kind in ("ask_thing", "ask_holder", "ask_colour"):
            self.say(kind, T=thing)
            if kind == "ask_colour":
                self.say("answer_colour", T=thing, K=thing.look)
            elif kind == "ask_holder":
                if isinstance(thing.where, Person):
                    self.say("answer_holder", P=thing.where, T=thing)
                else:
                    self.say("answer_nobody", T=thing)
            elif isinstance(thing.where, Person):
                self.say("answer_with", P=thing.where, T=thing, A=thing.place)
            elif isinstance(thing.where, Thing):
                self.say("answer_in", T=thing, C=thing.where, A=thing.place)
            else:
                self.say("answer_at", T=thing, A=thing.where)
        elif kind == "ask_lid":
            asked = chance.one(["open", "closed"])
            self.say(kind, C=box, S=asked)
            self.say("answer_yes" if asked == box.lid else "answer_no", C=box, S=box.lid)
        else:
            self.say(kind, P=person)
            held = self.held(person)
            if kind == "ask_person":
                self.say("answer_person", P=person, A=person.place)
            elif kind == "ask_count":
                self.say("answer_count", P=person, W=NUMBERS[len(held)])
            elif held:
                self.say("answer_holds", P=person, TS=held)
            else:
                self.say("answer_nothing", P=person)


# ------------------------------------------------------------------------------------------------------------ checking


class Inconsistent(Exception):
    """A sentence that cannot be read, or is not true where it stands."""


def either(words):
    return "(?:" + "|".join(sorted(words, key=lambda word: (-len(word), word))) + ")"


PHRASE = re.compile(
    "|".join((
        r"(?P<R>\b[Aa]n? " + either(TRAITS) + " " + either(JOBS) + r"\b)",
        r"(?P<N>\b[Aa]n? " + either(COLOURS + MATERIALS) + " " + either(THINGS + CONTAINERS) + r"\b)",
        r"(?P<A>\b(?:[Ii]n|[Oo]n|[Aa]t) the " + either(PLACES) + r"\b|\bthere\b)",
        r"(?P<T>\b[Tt]he (?:" + either(COLOURS + MATERIALS) + " )?" + either(THINGS + CONTAINERS) + r"\b|\b[Ii]t\b)",
        r"(?P<P>\b[Tt]he " + either(JOBS) + r"\b|\b" + either(WOMEN + MEN) + r"\b|\b[Hh]e\b|\b[Ss]he\b)",
        r"(?P<L>\b[Tt]he " + either(PLACES) + r"\b)",
        r"(?P<H>\b(?:his|her|him)\b)",
        r"(?P<S>\b(?:open|closed)\b)",
        r"(?P<K>\b" + either([c for word in COLOURS for c in (word, word.capitalize())]) + r"\b)",
        r"(?P<W>\b" + either([n for word in NUMBERS for n in (word, word.capitalize())]) + r"\b)",
    ))
)  # fmt: skip
CLASS = {"Q": "P", "C": "T", "F": "L", "his": "H", "him": "H"}
SAMPLES = {"P": "Ada", "T": "the apple", "A": "in the barn", "L": "the barn", "N": "a red apple", "R": "a tidy baker",
           "S": "closed", "K": "red", "W": "two", "H": "her"}  # fmt: skip


def read(sentence):
    """The frame of a sentence, its phrases replaced by their classes, and the phrases."""
    found = []

    def note(match):
        kind = match.lastgroup
        found.append((kind, match.group()))
        return "<" + kind + ">"

    frame = PHRASE.sub(note, sentence)
    return re.sub(r"<T>(?:, <T>)* and <T>", "<TS>", frame), found


def frames():
    """Frame -> [(kind, slot names)] for statements and for answers, read off the templates."""
    statements, answers = {}, {}
    for kind, templates in TEMPLATES.items():
        table = answers if kind.startswith("answer") else statements
        for template in templates:
            slots = [name for name, _ in SLOT.findall(template)]
            for plural in (False, True) if "TS" in slots else (False,):
                def sample(match):
                    if match.group(1) == "TS":
                        return "the apple and the bell" if plural else "the apple"
                    return SAMPLES[CLASS.get(match.group(1), match.group(1))]
                frame, found = read(capitalized(SLOT.sub(sample, template)))
                if len(found) != len(slots) + plural:
                    raise AssertionError("a literal word of a template is also a phrase: " + template)
                readings = table.setdefault(frame, [])
                if (kind, slots) not in readings:
                    readings.append((kind, slots))
    for frame, readings in statements.items():
        if len(readings) != 1:
            raise AssertionError(f"the grammar is ambiguous: {frame} {readings}")
    return statements, answers


class Checker:
    """Reads one episode sentence by sentence and keeps books of who and what is where."""

    STATEMENTS, ANSWERS = None, None
    EXPECTED = {
        "ask_thing": ("answer_at", "answer_in", "answer_with"),
        "ask_person": ("answer_person",),
        "ask_holder": ("answer_holder", "answer_nobody"),
        "ask_lid": ("answer_yes", "answer_no"),
        "ask_holds": ("answer_holds", "answer_nothing"),
        "ask_count": ("answer_count",),
        "ask_colour": ("answer_colour",),
    }

    def __init__(self):
        if Checker.STATEMENTS is None:
            Checker.STATEMENTS, Checker.ANSWERS = frames()
        self.place_of = {}  # person -> place
        self.trait_of, self.trade_of, self.visited = {}, {}, {}
        self.look_of, self.spot_of, self.lid_of, self.been = {}, {}, {}, {}
        # A spot is ("place" | "person" | "thing", name).
        self.named = ([], [], [])
        self.hour = -1
        self.question = None
        self.wishes = {}  # thing -> (who waits, who fetches)
        self.gift = None
        self.ended = False

    # Reading.

    def check(self, text):
        sentences = []
        for paragraph in text.split("\n\n"):
            parts = re.split(r"(?<=[.?]) ", paragraph)
            hour = next((i for i, lines in enumerate(TIMES) if parts[0] in lines), None)
            self.need(hour is not None and hour == self.hour + 1, f"time does not follow: {parts[0]}")
            self.hour, self.named = hour, ([], [], [])
            self.need(self.question is None, "a question without an answer")
            for sentence in parts[1:]:
                try:
                    self.sentence(sentence)
                except Inconsistent as problem:
                    raise Inconsistent(f"{problem}: {sentence}") from None
            sentences += parts
        self.need(15 <= len(sentences) <= 60, f"{len(sentences)} sentences")
        self.need(self.ended, "no ending")
        self.need(self.question is None, "a question without an answer")
        self.need(not self.wishes, "a promise not kept")
        return len(sentences)

    def need(self, truth, problem):
        if not truth:
            raise Inconsistent(problem)

    def sentence(self, sentence):
        body, reason = sentence, None
        ending = next((cue for cue in ENDINGS if body.startswith(cue)), None)
        if ending:
            self.need(not self.ended, "a second ending")
            self.ended, body = True, body[len(ending) :]
        cue = max((cue for cue in CUES if body.startswith(cue)), key=len, default="")
        if cue:
            body = body[len(cue) :]
        because = re.match(r"Being (\w+), ", body)
        if because:
            reason, body = because.group(1), body[because.end() :]
        frame, found = read(capitalized(body))
        table = self.STATEMENTS if self.question is None else self.ANSWERS
        readings = table.get(frame)
        self.need(readings, "cannot be read")
        if self.question:
            expected = self.EXPECTED[self.question[0]]
            readings = [reading for reading in readings if reading[0] in expected]
            self.need(len(readings) == 1, "does not answer the question")
        kind, slots = readings[0]
        self.need(not (cue or reason) or kind in DEEDS or kind == "request", "only deeds follow one another")
        self.need(not (self.ended and kind in DEEDS), "something happens after the end")
        values = self.resolve(kind, slots, found)
        if reason:
            self.need(self.trait_of[values["P"]] == reason and kind in TRAITS.get(reason, ()), "not in character")
        question, self.question = self.question, None
        gift, self.gift = self.gift, None
        if kind == "thank":
            self.need(gift == (values["P"], values["Q"]), "thanks for nothing")
        elif kind.startswith("ask"):
            self.question = (kind, values)
        elif kind.startswith("answer"):
            for name in ("P", "T", "C"):
                if name in values and name in question[1]:
                    self.need(values[name] == question[1][name], "the answer is about something else")
            asked = question[1]
            if question[0] == "ask_lid":
                self.answer_lid(asked["C"], asked["S"], kind == "answer_yes", values.get("S"))
            else:
                getattr(self, kind)(**{**asked, **values})
        else:
            getattr(self, kind)(**values)

    def resolve(self, kind, slots, found):
        """Slot values, with pronouns and trades replaced by whom and what they mean."""
        values, people, things, places = {}, [], [], []
        found = list(found)
        intro = kind.startswith("intro")
        for slot in slots:
            phrases = [found.pop(0)]
            if slot == "TS":
                while found and found[0][0] == "T":
                    phrases.append(found.pop(0))
            texts = [text[0].lower() + text[1:] if group != "P" else text for group, text in phrases]
            group = CLASS.get(slot, slot)
            if group == "P":
                name = self.person(texts[0], kind == "intro_person")
                people.append(name)
                values[slot] = name
            elif group in ("T", "TS"):
                nouns = [self.thing(text) for text in texts]
                things += nouns
                values[slot] = nouns if slot == "TS" else nouns[0]
            elif group == "N":
                _, look, noun = texts[0].split(" ")
                self.need(noun not in self.spot_of, "already known")
                things.append(noun)
                values[slot] = (look, noun)
            elif group in ("A", "L"):
                if texts[0] == "there":
                    self.need(len(self.named[2]) == 1, "where is there?")
                    place = self.named[2][0]
                else:
                    words = texts[0].split(" ")
                    place = words[-1]
                    self.need(group == "L" or words[0] == PLACES[place], "wrong preposition")
                places.append(place)
                values[slot] = place
            elif group == "H":
                values["H"] = texts[0]
            else:
                values[slot] = texts[0]
        pronoun = values.pop("H", None)
        if pronoun:
            self.need((pronoun == "her") == (values["P"] in WOMEN), "wrong pronoun")
        self.need(not intro or "N" in values or "R" in values, "nobody is introduced")
        self.named = (people, things, places)
        return values

    def person(self, text, new):
        word = text.split(" ")[-1]
        if word.lower() in ("he", "she"):
            side = WOMEN if word.lower() == "she" else MEN
            alike = [name for name in self.named[0] if name in side]
            self.need(len(alike) == 1, "who is that?")
            return alike[0]
        if word in JOBS:
            self.need(word in self.trade_of, "nobody has that trade")
            return self.trade_of[word]
        self.need(new == (word not in self.place_of), "a name known twice or never")
        return word

    def thing(self, text):
        if text == "it":
            self.need(len(self.named[1]) == 1, "what is it?")
            return self.named[1][0]
        words = text.split(" ")
        self.need(words[-1] in self.spot_of, "never heard of")
        self.need(len(words) == 2 or self.look_of[words[-1]] == words[1], "looks different")
        return words[-1]

    # Books.

    def where(self, thing):
        kind, name = self.spot_of[thing]
        return name if kind == "place" else self.place_of[name] if kind == "person" else self.where(name)

    def hold(self, person):
        return [thing for thing, spot in self.spot_of.items() if spot == ("person", person)]

    def at(self, person, place):
        self.need(self.place_of[person] == place, f"{person} is at the {self.place_of[person]}")

    def together(self, person, other):
        self.need(person != other and self.place_of[person] == self.place_of[other], "they are not together")

    def has(self, person, thing):
        self.need(self.spot_of[thing] == ("person", person), f"{person} does not have it")

    def reach(self, person, box):
        self.need(box in self.lid_of and self.where(box) == self.place_of[person], "out of reach")

    def bear(self, look, noun, spot):
        self.look_of[noun], self.spot_of[noun] = look, spot
        self.been[noun] = [self.where(noun)]

    def intro_person(self, P, R, A):
        _, trait, job = R.split(" ")
        self.need(job not in self.trade_of, "a trade twice")
        self.place_of[P], self.trait_of[P], self.trade_of[job], self.visited[P] = A, trait, P, [A]

    def intro_container(self, N, A, S):
        self.need(N[1] in CONTAINERS and N[0] in MATERIALS, "not a container")
        self.bear(*N, ("place", A))
        self.lid_of[N[1]] = S

    def intro_thing(self, N, A):
        self.bear(*N, ("place", A))

    def intro_inside(self, N, C):
        self.need(C in self.lid_of, "not a container")
        self.bear(*N, ("thing", C))

    def intro_held(self, P, N):
        self.bear(*N, ("person", P))

    def go(self, P, L, F=None):
        self.need(self.place_of[P] != L and F in (None, self.place_of[P]), "nobody goes where they are")
        self.place_of[P] = L
        self.visited[P].append(L)
        for thing in self.hold(P):
            self.been[thing].append(L)

    def move(self, P, L, F=None):
        self.need(L not in self.visited[P], "has been there before")
        self.go(P, L, F)

    def go_back(self, P, L, F=None):
        self.need(L in self.visited[P], "has never been there")
        self.go(P, L, F)

    def move_with(self, P, TS, L):
        self.holds(P, TS)
        self.go(P, L)

    def take(self, P, T, A=None):
        self.need(self.spot_of[T] == ("place", self.place_of[P]), "it is not there to be taken")
        self.need(A in (None, self.place_of[P]) and T not in self.lid_of, "cannot be taken")
        self.need(len(self.hold(P)) < CARRY, "hands are full")
        self.spot_of[T] = ("person", P)

    def drop(self, P, T, A=None):
        self.has(P, T)
        self.need(A in (None, self.place_of[P]), "dropped elsewhere")
        self.spot_of[T] = ("place", self.place_of[P])

    def give(self, P, Q, T):
        self.has(P, T)
        self.together(P, Q)
        self.need(len(self.hold(Q)) < CARRY, "hands are full")
        self.spot_of[T] = ("person", Q)
        if self.wishes.get(T) == (Q, P):
            del self.wishes[T]
            self.gift = (P, Q)

    def open(self, P, C):
        self.reach(P, C)
        self.need(self.lid_of[C] == "closed", "it is open already")
        self.lid_of[C] = "open"

    def close(self, P, C):
        self.reach(P, C)
        self.need(self.lid_of[C] == "open", "it is closed already")
        self.lid_of[C] = "closed"

    def put_in(self, P, T, C):
        self.reach(P, C)
        self.has(P, T)
        self.need(self.lid_of[C] == "open", "the lid is closed")
        self.spot_of[T] = ("thing", C)

    def take_out(self, P, T, C):
        self.reach(P, C)
        self.need(self.spot_of[T] == ("thing", C) and self.lid_of[C] == "open", "cannot be taken out")
        self.need(len(self.hold(P)) < CARRY, "hands are full")
        self.spot_of[T] = ("person", P)

    def request(self, P, Q, T):
        self.together(P, Q)
        self.need(T not in self.wishes and self.where(T) != self.place_of[P], "no need to ask")
        self.wishes[T] = (P, Q)

    def tell(self, P, T, A, Q=None):
        self.need(self.wishes.get(T, (None,))[0] == P, "nobody asked")
        self.thing_at(T, A)

    def tell_in(self, P, T, C, A, Q=None):
        self.need(self.wishes.get(T, (None,))[0] == P, "nobody asked")
        self.answer_in(T, C, A)

    def meet(self, P, Q, A):
        self.together(P, Q)
        self.at(P, A)

    def search(self, P, T, A):
        self.at(P, A)
        self.need(self.where(T) != A, "it is there")

    def person_at(self, P, A):
        self.at(P, A)

    def holds(self, P, TS):
        self.need(sorted(TS) == sorted(self.hold(P)), f"{P} holds {self.hold(P)}")

    def holds_nothing(self, P):
        self.need(not self.hold(P), f"{P} holds {self.hold(P)}")

    def thing_at(self, T, A):
        self.need(self.spot_of[T] == ("place", A), f"it is at {self.spot_of[T]}")

    def thing_in(self, T, C):
        self.need(self.spot_of[T] == ("thing", C), f"it is at {self.spot_of[T]}")

    def thing_gone(self, T, A=None, F=None):
        place = A or F
        self.need(place in self.been[T] and self.where(T) != place, "it is still there, or never was")

    def lid(self, C, S):
        self.need(self.lid_of.get(C) == S, "the lid is not")

    def colour(self, T, K):
        self.need(self.look_of[T] == K, f"it is {self.look_of[T]}")

    def answer_in(self, T, C, A):
        self.thing_in(T, C)
        self.need(self.where(C) == A, "that stands elsewhere")

    def answer_with(self, P, T, A):
        self.has(P, T)
        self.at(P, A)

    def answer_holder(self, P, T):
        self.has(P, T)

    def answer_nobody(self, T):
        self.need(self.spot_of[T][0] != "person", "somebody has it")

    def answer_lid(self, C, asked, yes, told):
        self.need((self.lid_of[C] == asked) == yes, "yes and no are mixed up")
        self.lid(C, told or self.lid_of[C])

    def answer_count(self, P, W):
        count = len(self.hold(P))
        self.need(W == NUMBERS[count], f"{P} holds {count}")

    answer_at, answer_person, answer_colour = thing_at, person_at, colour
    answer_holds, answer_nothing = holds, holds_nothing


# ---------------------------------------------------------------------------------------------------------------- main


def episodes(seed, documents):
    for index in range(documents):
        text = Episode(Chance(seed, index)).text()
        yield {"id": f"world-{seed}-{index:06d}", "text": text, "lang": "en"}


def check(records):
    told = sentences = 0
    for record in records:
        try:
            sentences += Checker().check(record["text"])
        except Inconsistent as problem:
            print(f"{record['id']}: {problem}", file=sys.stderr)
            return 1
        told += 1
    print(f"{told} episodes, {sentences} sentences: consistent")
    return 0


def main():
    parser = argparse.ArgumentParser(description="Tell seeded stories of a small simulated world, as JSON Lines.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--documents", type=int, default=4000)
    parser.add_argument("--check", nargs="?", const="", metavar="FILE", help="check FILE, or what would be told")
    options = parser.parse_args()
    told = episodes(options.seed, options.documents)
    if options.check is None:
        for record in told:
            line = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
            sys.stdout.buffer.write(line.encode("utf-8") + b"\n")
        return 0
    if options.check:
        with open(options.check, encoding="utf-8") as file:
            return check(json.loads(line) for line in file)
    return check(told)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # whoever read us has seen enough
        sys.stderr.close()
        sys.exit(141)
