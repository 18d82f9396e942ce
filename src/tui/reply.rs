//! What a choice answers, at once or after a question.

use crate::ceremony::Answer;
use crate::steps::{Role, VolumeId};

/// What a choice does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Reply {
    /// [`Answer::Choose`].
    Choose(usize),
    /// [`Answer::Volume`].
    Volume(VolumeId),
    /// [`Answer::Yes`].
    Yes,
    /// [`Answer::No`].
    No,
    /// [`Answer::Done`].
    Done,
    /// [`Answer::Remove`].
    Remove(usize),
    /// Asks for another time, [`Answer::Time`].
    SetTime,
    /// Names a person; no answer by itself.
    Person(Role),
    /// Asks once more, then does it.
    Sure {
        /// What is asked.
        question: String,
        /// What it does.
        reply: Box<Self>,
    },
    /// Asks for a word to be typed, then does it.
    Word {
        /// What is asked.
        question: String,
        /// The word.
        word: &'static str,
        /// What it does.
        reply: Box<Self>,
    },
}

impl Reply {
    /// Asks `question` before it does `self`.
    pub(crate) fn sure(self, question: impl Into<String>) -> Self {
        Self::Sure { question: question.into(), reply: Box::new(self) }
    }

    /// Asks for `word` before it does `self`.
    pub(crate) fn word(self, question: impl Into<String>, word: &'static str) -> Self {
        Self::Word { question: question.into(), word, reply: Box::new(self) }
    }

    /// Whether it says no, at once or after a question.
    pub(crate) fn is_no(&self) -> bool {
        match self {
            Self::No => true,
            Self::Sure { reply, .. } | Self::Word { reply, .. } => reply.is_no(),
            _ => false,
        }
    }

    /// The answer it is; none where something has to be asked or typed first.
    pub(crate) fn answer(&self) -> Option<Answer> {
        Some(match self {
            Self::Choose(index) => Answer::Choose(*index),
            Self::Volume(id) => Answer::Volume(*id),
            Self::Yes => Answer::Yes,
            Self::No => Answer::No,
            Self::Done => Answer::Done,
            Self::Remove(index) => Answer::Remove(*index),
            Self::SetTime | Self::Person(_) | Self::Sure { .. } | Self::Word { .. } => return None,
        })
    }
}
