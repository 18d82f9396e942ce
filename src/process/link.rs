//! A socket on which two processes of ours say JSON to each other, a message a frame.

use std::io;
use std::os::unix::net::UnixStream;

use serde::{Deserialize, Serialize};

use super::env::Deadline;
use super::frame::{Frame, FrameError, FrameReader, FrameWriter};

/// The kind of the frames both ways.
const KIND: u8 = 1;

/// Either end of the socket. Nothing secret goes through it.
#[derive(Debug)]
pub struct Link {
    reader: FrameReader,
    writer: FrameWriter,
}

impl Link {
    /// A link over a connected socket.
    ///
    /// # Errors
    /// When the system has no further descriptor.
    pub fn over(stream: UnixStream) -> io::Result<Self> {
        Ok(Self { reader: FrameReader::new(stream.try_clone()?), writer: FrameWriter::new(stream) })
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`FrameError`]; after one of them the link is of no more use.
    pub fn send(&mut self, message: &impl Serialize, deadline: Deadline) -> Result<(), FrameError> {
        let body = serde_json::to_vec(message).map_err(io::Error::from)?;
        self.writer.push(KIND, &[&body])?;
        self.writer.flush(deadline)
    }

    /// Waits for a message.
    ///
    /// # Errors
    /// [`FrameError`], also for a frame that holds something else; after one of them the link is of no more use.
    pub fn receive<T: for<'de> Deserialize<'de>>(&mut self, deadline: Deadline) -> Result<T, FrameError> {
        match self.reader.next(deadline)? {
            Frame::Plain { kind: KIND, body } => {
                serde_json::from_slice(&body).map_err(|error| FrameError::Io(error.into()))
            }
            _ => Err(FrameError::Io(io::ErrorKind::InvalidData.into())),
        }
    }

    /// Whether something has arrived, or the other end was closed.
    #[must_use]
    pub fn has_arrived(&self) -> bool {
        self.reader.has_arrived()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_message_arrives_and_anything_else_is_refused() {
        let (near, far) = UnixStream::pair().unwrap();
        let (mut near, mut far) = (Link::over(near).unwrap(), Link::over(far).unwrap());
        assert!(!far.has_arrived());
        near.send(&("a", 1), Deadline::never()).unwrap();
        assert!(far.has_arrived());
        assert_eq!(far.receive::<(String, u8)>(Deadline::never()).unwrap(), ("a".to_owned(), 1));
        // Another kind; no JSON; JSON of something else.
        for frame in [&b"\0\0\0\x02\x021"[..], b"\0\0\0\x02\x01{", b"\0\0\0\x02\x01x", b"\0\0\0\x03\x01[]"] {
            let (mut sender, receiver) = UnixStream::pair().unwrap();
            sender.write_all(frame).unwrap();
            let result = Link::over(receiver).unwrap().receive::<u8>(Deadline::never());
            assert!(matches!(result, Err(FrameError::Io(_))), "{frame:?}");
        }
    }
}
