//! The PGP word list: one word an octet, to be read aloud.
//!
//! Published by Zimmermann and Juola (1995). Octets at even positions, counted from 0, are words of two syllables; at
//! odd positions of three. So a swapped, doubled or dropped word is heard at once.

use thiserror::Error;

use super::escape;

/// The word for `octet` at `position`, counted from 0.
#[must_use]
pub fn word(position: usize, octet: u8) -> &'static str {
    list(position).get(usize::from(octet)).copied().unwrap_or_default()
}

/// The words for all octets, in order.
#[must_use]
pub fn words(octets: &[u8]) -> Vec<&'static str> {
    octets.iter().enumerate().map(|(position, octet)| word(position, *octet)).collect()
}

/// The octet that `text` stands for at `position`, counted from 0; either case.
#[must_use]
pub fn octet_of(position: usize, text: &str) -> Option<u8> {
    let index = list(position).iter().position(|word| word.eq_ignore_ascii_case(text))?;
    u8::try_from(index).ok()
}

/// Reads words that stand apart by white space, in any case.
///
/// # Errors
///
/// The first word that does not stand in the list for its position.
pub fn parse_words(text: &str) -> Result<Vec<u8>, WordError> {
    let octets = text.split_whitespace().enumerate().map(|(position, word)| {
        octet_of(position, word).ok_or_else(|| {
            let (number, found) = (position + 1, escape(word, 20));
            match octet_of(position + 1, word) {
                Some(_) => WordError::OutOfPlace { number, found },
                None => WordError::Unknown { number, found },
            }
        })
    });
    octets.collect()
}

/// A word that cannot stand where it stands.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum WordError {
    /// In neither list.
    #[error("word {number}: `{found}` is not in the PGP word list; check its spelling")]
    Unknown {
        /// Which word, from 1.
        number: usize,
        /// What stands there, escaped.
        found: String,
    },
    /// In the other list.
    #[error(
        "word {number}: `{found}` belongs to the list of the other positions; a word is missing, doubled or swapped"
    )]
    OutOfPlace {
        /// Which word, from 1.
        number: usize,
        /// What stands there, escaped.
        found: String,
    },
}

const fn list(position: usize) -> &'static [&'static str; 256] {
    if position.is_multiple_of(2) { &EVEN } else { &ODD }
}

#[rustfmt::skip]
static EVEN: [&str; 256] = [
    "aardvark", "absurd", "accrue", "acme", "adrift", "adult", "afflict", "ahead",
    "aimless", "Algol", "allow", "alone", "ammo", "ancient", "apple", "artist",
    "assume", "Athens", "atlas", "Aztec", "baboon", "backfield", "backward", "banjo",
    "beaming", "bedlamp", "beehive", "beeswax", "befriend", "Belfast", "berserk", "billiard",
    "bison", "blackjack", "blockade", "blowtorch", "bluebird", "bombast", "bookshelf", "brackish",
    "breadline", "breakup", "brickyard", "briefcase", "Burbank", "button", "buzzard", "cement",
    "chairlift", "chatter", "checkup", "chisel", "choking", "chopper", "Christmas", "clamshell",
    "classic", "classroom", "cleanup", "clockwork", "cobra", "commence", "concert", "cowbell",
    "crackdown", "cranky", "crowfoot", "crucial", "crumpled", "crusade", "cubic", "dashboard",
    "deadbolt", "deckhand", "dogsled", "dragnet", "drainage", "dreadful", "drifter", "dropper",
    "drumbeat", "drunken", "Dupont", "dwelling", "eating", "edict", "egghead", "eightball",
    "endorse", "endow", "enlist", "erase", "escape", "exceed", "eyeglass", "eyetooth",
    "facial", "fallout", "flagpole", "flatfoot", "flytrap", "fracture", "framework", "freedom",
    "frighten", "gazelle", "Geiger", "glitter", "glucose", "goggles", "goldfish", "gremlin",
    "guidance", "hamlet", "highchair", "hockey", "indoors", "indulge", "inverse", "involve",
    "island", "jawbone", "keyboard", "kickoff", "kiwi", "klaxon", "locale", "lockup",
    "merit", "minnow", "miser", "Mohawk", "mural", "music", "necklace", "Neptune",
    "newborn", "nightbird", "Oakland", "obtuse", "offload", "optic", "orca", "payday",
    "peachy", "pheasant", "physique", "playhouse", "Pluto", "preclude", "prefer", "preshrunk",
    "printer", "prowler", "pupil", "puppy", "python", "quadrant", "quiver", "quota",
    "ragtime", "ratchet", "rebirth", "reform", "regain", "reindeer", "rematch", "repay",
    "retouch", "revenge", "reward", "rhythm", "ribcage", "ringbolt", "robust", "rocker",
    "ruffled", "sailboat", "sawdust", "scallion", "scenic", "scorecard", "Scotland", "seabird",
    "select", "sentence", "shadow", "shamrock", "showgirl", "skullcap", "skydive", "slingshot",
    "slowdown", "snapline", "snapshot", "snowcap", "snowslide", "solo", "southward", "soybean",
    "spaniel", "spearhead", "spellbind", "spheroid", "spigot", "spindle", "spyglass", "stagehand",
    "stagnate", "stairway", "standard", "stapler", "steamship", "sterling", "stockman", "stopwatch",
    "stormy", "sugar", "surmount", "suspense", "sweatband", "swelter", "tactics", "talon",
    "tapeworm", "tempest", "tiger", "tissue", "tonic", "topmost", "tracker", "transit",
    "trauma", "treadmill", "Trojan", "trouble", "tumor", "tunnel", "tycoon", "uncut",
    "unearth", "unwind", "uproot", "upset", "upshot", "vapor", "village", "virus",
    "Vulcan", "waffle", "wallet", "watchword", "wayside", "willow", "woodlark", "Zulu",
];

#[rustfmt::skip]
static ODD: [&str; 256] = [
    "adroitness", "adviser", "aftermath", "aggregate", "alkali", "almighty", "amulet", "amusement",
    "antenna", "applicant", "Apollo", "armistice", "article", "asteroid", "Atlantic", "atmosphere",
    "autopsy", "Babylon", "backwater", "barbecue", "belowground", "bifocals", "bodyguard", "bookseller",
    "borderline", "bottomless", "Bradbury", "bravado", "Brazilian", "breakaway", "Burlington", "businessman",
    "butterfat", "Camelot", "candidate", "cannonball", "Capricorn", "caravan", "caretaker", "celebrate",
    "cellulose", "certify", "chambermaid", "Cherokee", "Chicago", "clergyman", "coherence", "combustion",
    "commando", "company", "component", "concurrent", "confidence", "conformist", "congregate", "consensus",
    "consulting", "corporate", "corrosion", "councilman", "crossover", "crucifix", "cumbersome", "customer",
    "Dakota", "decadence", "December", "decimal", "designing", "detector", "detergent", "determine",
    "dictator", "dinosaur", "direction", "disable", "disbelief", "disruptive", "distortion", "document",
    "embezzle", "enchanting", "enrollment", "enterprise", "equation", "equipment", "escapade", "Eskimo",
    "everyday", "examine", "existence", "exodus", "fascinate", "filament", "finicky", "forever",
    "fortitude", "frequency", "gadgetry", "Galveston", "getaway", "glossary", "gossamer", "graduate",
    "gravity", "guitarist", "hamburger", "Hamilton", "handiwork", "hazardous", "headwaters", "hemisphere",
    "hesitate", "hideaway", "holiness", "hurricane", "hydraulic", "impartial", "impetus", "inception",
    "indigo", "inertia", "infancy", "inferno", "informant", "insincere", "insurgent", "integrate",
    "intention", "inventive", "Istanbul", "Jamaica", "Jupiter", "leprosy", "letterhead", "liberty",
    "maritime", "matchmaker", "maverick", "Medusa", "megaton", "microscope", "microwave", "midsummer",
    "millionaire", "miracle", "misnomer", "molasses", "molecule", "Montana", "monument", "mosquito",
    "narrative", "nebula", "newsletter", "Norwegian", "October", "Ohio", "onlooker", "opulent",
    "Orlando", "outfielder", "Pacific", "pandemic", "Pandora", "paperweight", "paragon", "paragraph",
    "paramount", "passenger", "pedigree", "Pegasus", "penetrate", "perceptive", "performance", "pharmacy",
    "phonetic", "photograph", "pioneer", "pocketful", "politeness", "positive", "potato", "processor",
    "provincial", "proximate", "puberty", "publisher", "pyramid", "quantity", "racketeer", "rebellion",
    "recipe", "recover", "repellent", "replica", "reproduce", "resistor", "responsive", "retraction",
    "retrieval", "retrospect", "revenue", "revival", "revolver", "sandalwood", "sardonic", "Saturday",
    "savagery", "scavenger", "sensation", "sociable", "souvenir", "specialist", "speculate", "stethoscope",
    "stupendous", "supportive", "surrender", "suspicious", "sympathy", "tambourine", "telephone", "therapist",
    "tobacco", "tolerance", "tomorrow", "torpedo", "tradition", "travesty", "trombonist", "truncated",
    "typewriter", "ultimate", "undaunted", "underfoot", "unicorn", "unify", "universe", "unravel",
    "upcoming", "vacancy", "vagabond", "vertigo", "Virginia", "visitor", "vocalist", "voyager",
    "warranty", "Waterloo", "whimsical", "Wichita", "Wilmington", "Wyoming", "yesteryear", "Yucatan",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dns::sha256;

    #[test]
    fn has_the_published_list() {
        // SHA-256 over the words of an independent copy, octet by octet, each with a newline.
        let all: String = (0..=255).flat_map(|octet| [word(0, octet), "\n", word(1, octet), "\n"]).collect();
        let published = "249cb1dd57183f1a44d68248ea6ec2f99f1f772acfad97a63d860eac90842d00";
        assert_eq!(sha256(all.as_bytes()).to_string(), published);
    }

    #[test]
    fn speaks_the_published_example() {
        let octets = [
            0xe5, 0x82, 0x94, 0xf2, 0xe9, 0xa2, 0x27, 0x48, 0x6e, 0x8b, 0x06, 0x1b, 0x31, 0xcc, 0x52, 0x8f, 0xd7, 0xfa,
            0x3f, 0x19,
        ];
        let spoken = "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa \
                      afflict bravado chatter revolver Dupont midsummer stopwatch whimsical cowbell bottomless";
        assert_eq!(words(&octets).join(" "), spoken);
        assert_eq!(parse_words(&spoken.to_uppercase()), Ok(octets.to_vec()));
    }

    #[test]
    fn speaks_the_hash_of_the_root_zones_ceremony_image() {
        // COEN 2.0.1: 78e1b145...91d4, "island tolerance sailboat ... souvenir".
        assert_eq!(words(&[0x78, 0xe1, 0xb1]), ["island", "tolerance", "sailboat"]);
        assert_eq!(word(31, 0xd4), "souvenir");
    }

    #[test]
    fn names_the_wrong_word_and_its_number() {
        let unknown = WordError::Unknown { number: 2, found: "Istambul".into() };
        assert_eq!(parse_words("topmost Istambul"), Err(unknown));
        let out_of_place = WordError::OutOfPlace { number: 2, found: "Pluto".into() };
        assert_eq!(parse_words("topmost Pluto"), Err(out_of_place));
        assert_eq!(parse_words("\u{1b}[2J").unwrap_err().to_string().find('\u{1b}'), None);
    }

    proptest! {
        #[test]
        fn reads_what_it_speaks(octets: Vec<u8>) {
            prop_assert_eq!(parse_words(&words(&octets).join("\n")), Ok(octets));
        }
    }
}
