//! Frames between our processes: length (u32, big endian), kind (u8), body.
//!
//! The length counts kind and body. A kind with the high bit set marks a secret: its body goes from and into wiped
//! buffers only ([`Pin`]), never through a growing one.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use thiserror::Error;
use zeroize::{Zeroize as _, Zeroizing};

use super::env::Deadline;
use crate::steps::Pin;

/// Octets that kind and body of a frame may have together.
pub const MAX_FRAME: usize = 8 << 20;

const HEADER: usize = 5;
const SECRET: u8 = 0x80;
const BUFFER: usize = 64 << 10;

/// What arrived.
#[derive(Debug)]
pub enum Frame {
    /// An ordinary frame.
    Plain {
        /// What the body is.
        kind: u8,
        /// The body.
        body: Vec<u8>,
    },
    /// A secret, wiped when dropped.
    Secret {
        /// What the secret is for; the high bit is set.
        kind: u8,
        /// The secret.
        secret: Pin,
    },
}

/// Why no frame came or went.
#[derive(Debug, Error)]
pub enum FrameError {
    /// The other process closed its end between two frames.
    #[error("the other process closed its end")]
    Closed,
    /// The other process closed its end within a frame.
    #[error("the other process closed its end within a frame")]
    Truncated,
    /// The deadline passed.
    #[error("the other process did not answer in time")]
    TimedOut,
    /// The length field is zero or over the limit.
    #[error("expected a frame of 1 to {expected} octets; found a length of {found}")]
    Length {
        /// The largest length allowed.
        expected: usize,
        /// What was announced, or was to be sent.
        found: usize,
    },
    /// The socket failed.
    #[error("the socket failed: {0}")]
    Io(#[from] io::Error),
}

/// Reads frames, many with one system call; its buffer never moves and is wiped behind each secret.
#[derive(Debug)]
pub struct FrameReader {
    stream: UnixStream,
    buffer: Zeroizing<Vec<u8>>,
    start: usize,
    end: usize,
}

impl FrameReader {
    /// Reads from `stream`, which may be blocking or not.
    #[must_use]
    pub fn new(stream: UnixStream) -> Self {
        Self { stream, buffer: Zeroizing::new(vec![0; BUFFER]), start: 0, end: 0 }
    }

    /// The next frame, by `deadline`.
    ///
    /// # Errors
    /// [`FrameError`]; after one of them the stream is of no more use.
    pub fn next(&mut self, deadline: Deadline) -> Result<Frame, FrameError> {
        let mut header = [0; HEADER];
        if self.start == self.end && self.refill(deadline)? == 0 {
            return Err(FrameError::Closed);
        }
        self.take(&mut header, false, deadline)?;
        let [a, b, c, d, kind] = header;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let secret = kind & SECRET != 0;
        let limit = if secret { Pin::CAPACITY + 1 } else { MAX_FRAME };
        let Some(octets) = length.checked_sub(1).filter(|_| length <= limit) else {
            return Err(FrameError::Length { expected: limit, found: length });
        };
        if secret {
            let mut body = Zeroizing::new([0; Pin::CAPACITY]);
            let room = body.get_mut(..octets).unwrap_or_default();
            self.take(room, true, deadline)?;
            let secret = Pin::from_octets(room).unwrap_or_default();
            return Ok(Frame::Secret { kind, secret });
        }
        Ok(Frame::Plain { kind, body: self.take_plain(octets, deadline)? })
    }

    /// Octets that wait in the buffer; a further frame has at least begun to arrive where there are any.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.end - self.start
    }

    /// Whether something has arrived, be it in the buffer, on the socket, or that it was closed.
    #[must_use]
    pub fn has_arrived(&self) -> bool {
        self.waiting() > 0 || poll(&mut [PollFd::new(&self.stream, PollFlags::IN)], Some(&Timespec::default())) == Ok(1)
    }

    /// Fills `room` from the buffer; `wipe` what is taken from there.
    fn take(&mut self, room: &mut [u8], wipe: bool, deadline: Deadline) -> Result<(), FrameError> {
        let mut filled = 0;
        while let Some(rest) = room.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            if self.start == self.end && self.refill(deadline)? == 0 {
                return Err(FrameError::Truncated);
            }
            let available = self.buffer.get_mut(self.start..self.end).unwrap_or_default();
            let count = available.len().min(rest.len());
            if let (Some(rest), Some(taken)) = (rest.get_mut(..count), available.get_mut(..count)) {
                rest.copy_from_slice(taken);
                if wipe {
                    taken.zeroize();
                }
            }
            self.start += count;
            filled += count;
        }
        Ok(())
    }

    /// The next `octets`, appended as they come: what is not zeroed before comes from the allocator's quick path.
    fn take_plain(&mut self, octets: usize, deadline: Deadline) -> Result<Vec<u8>, FrameError> {
        let mut body = Vec::with_capacity(octets);
        while body.len() < octets {
            if self.start == self.end && self.refill(deadline)? == 0 {
                return Err(FrameError::Truncated);
            }
            let available = self.buffer.get(self.start..self.end).unwrap_or_default();
            let taken = available.get(..octets - body.len()).unwrap_or(available);
            body.extend_from_slice(taken);
            self.start += taken.len();
        }
        Ok(body)
    }

    fn refill(&mut self, deadline: Deadline) -> Result<usize, FrameError> {
        loop {
            if deadline.remaining().is_some() {
                wait(&self.stream, PollFlags::IN, deadline)?;
            }
            match self.stream.read(&mut self.buffer) {
                Ok(count) => {
                    (self.start, self.end) = (0, count);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(0),
                Err(error) if passing(&error) => {}
                Err(error) => return Err(error.into()),
            }
            wait(&self.stream, PollFlags::IN, deadline)?;
        }
    }
}

/// Writes frames; plain ones are collected until [`FrameWriter::flush`].
#[derive(Debug)]
pub struct FrameWriter {
    stream: UnixStream,
    pending: Vec<u8>,
}

impl FrameWriter {
    /// Writes to `stream`, which may be blocking or not.
    #[must_use]
    pub const fn new(stream: UnixStream) -> Self {
        Self { stream, pending: Vec::new() }
    }

    /// Adds a frame whose body is `parts`, one behind the other.
    ///
    /// # Errors
    /// [`FrameError::Length`] if it is too long; nothing is added then.
    pub fn push(&mut self, kind: u8, parts: &[&[u8]]) -> Result<(), FrameError> {
        let length = parts.iter().map(|part| part.len()).sum::<usize>() + 1;
        let field = u32::try_from(length).ok().filter(|_| length <= MAX_FRAME);
        let field = field.ok_or(FrameError::Length { expected: MAX_FRAME, found: length })?;
        self.pending.extend_from_slice(&field.to_be_bytes());
        self.pending.push(kind & !SECRET);
        for part in parts {
            self.pending.extend_from_slice(part);
        }
        Ok(())
    }

    /// Octets that wait to be flushed.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// Sends what was pushed.
    ///
    /// # Errors
    /// [`FrameError`]; after one of them the stream is of no more use.
    pub fn flush(&mut self, deadline: Deadline) -> Result<(), FrameError> {
        send(&self.stream, &self.pending, deadline)?;
        self.pending.clear();
        Ok(())
    }

    /// Sends what was pushed, and then a secret straight from its own buffer.
    ///
    /// # Errors
    /// [`FrameError`]; after one of them the stream is of no more use.
    pub fn send_secret(&mut self, kind: u8, secret: &Pin, deadline: Deadline) -> Result<(), FrameError> {
        let octets = secret.expose();
        let length = u32::try_from(octets.len() + 1).unwrap_or(u32::MAX);
        self.pending.extend_from_slice(&length.to_be_bytes());
        self.pending.push(kind | SECRET);
        self.flush(deadline)?;
        send(&self.stream, octets, deadline)
    }
}

fn send(mut stream: &UnixStream, octets: &[u8], deadline: Deadline) -> Result<(), FrameError> {
    let mut rest = octets;
    while !rest.is_empty() {
        if deadline.remaining().is_some() {
            wait(stream, PollFlags::OUT, deadline)?;
        }
        match stream.write(rest) {
            Ok(count) => {
                rest = rest.get(count..).unwrap_or_default();
                continue;
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
                return Err(FrameError::Closed);
            }
            Err(error) if passing(&error) => {}
            Err(error) => return Err(error.into()),
        }
        wait(stream, PollFlags::OUT, deadline)?;
    }
    Ok(())
}

fn passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Waits until the stream is ready or the deadline has passed.
fn wait(stream: &UnixStream, ready: PollFlags, deadline: Deadline) -> Result<(), FrameError> {
    loop {
        let remaining = deadline.remaining();
        let timeout = remaining.map(|left| Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(left.subsec_nanos()),
        });
        match poll(&mut [PollFd::new(stream, ready)], timeout.as_ref()) {
            Ok(0) if remaining.is_some_and(|left| left.is_zero()) => return Err(FrameError::TimedOut),
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(FrameError::Io(error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn pair() -> (FrameWriter, FrameReader) {
        let (near, far) = UnixStream::pair().unwrap();
        far.set_nonblocking(true).unwrap();
        near.set_nonblocking(true).unwrap();
        (FrameWriter::new(near), FrameReader::new(far))
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_millis(50))
    }

    #[test]
    fn frames_and_secrets_arrive_in_order_and_leave_nothing_behind() {
        let (mut writer, mut reader) = pair();
        writer.push(3, &[b"ab", b"", b"c"]).unwrap();
        writer.send_secret(1, &Pin::from_octets(b"sesame").unwrap(), soon()).unwrap();
        writer.push(4, &[]).unwrap();
        writer.flush(soon()).unwrap();
        assert!(matches!(reader.next(soon()).unwrap(), Frame::Plain { kind: 3, body } if body == b"abc"));
        let Frame::Secret { kind: 0x81, secret } = reader.next(soon()).unwrap() else { panic!("no secret") };
        assert_eq!(secret.expose(), b"sesame");
        assert!(!reader.buffer.windows(6).any(|window| window == b"sesame"));
        assert!(!writer.pending.windows(6).any(|window| window == b"sesame"));
        assert!(matches!(reader.next(soon()).unwrap(), Frame::Plain { kind: 4, body } if body.is_empty()));
    }

    #[test]
    fn a_large_frame_passes_and_a_larger_one_is_refused() {
        let (mut writer, mut reader) = pair();
        let body = vec![7; 1 << 20];
        let sent = body.clone();
        let sender = std::thread::spawn(move || {
            writer.push(9, &[&sent]).unwrap();
            writer.flush(Deadline::after(Duration::from_secs(10))).unwrap();
            writer
        });
        let frame = reader.next(Deadline::after(Duration::from_secs(10))).unwrap();
        assert!(matches!(frame, Frame::Plain { kind: 9, body: found } if found == body));
        let mut writer = sender.join().unwrap();
        assert!(matches!(writer.push(9, &[&vec![0; MAX_FRAME]]), Err(FrameError::Length { .. })));
        assert_eq!(writer.waiting(), 0);
    }

    #[test]
    fn refuses_lengths_out_of_bounds() {
        for header in [[0, 0, 0, 0, 1], [0xff, 0xff, 0xff, 0xff, 1], [0, 0, 2, 0, 0x81]] {
            let (near, far) = UnixStream::pair().unwrap();
            (&near).write_all(&header).unwrap();
            assert!(matches!(FrameReader::new(far).next(soon()), Err(FrameError::Length { .. })), "{header:?}");
        }
    }

    #[test]
    fn tells_an_end_between_frames_from_one_within() {
        let (writer, mut reader) = pair();
        drop(writer);
        assert!(matches!(reader.next(soon()), Err(FrameError::Closed)));
        let (near, far) = UnixStream::pair().unwrap();
        (&near).write_all(&[0, 0, 0, 9, 1, 2]).unwrap();
        drop(near);
        assert!(matches!(FrameReader::new(far).next(soon()), Err(FrameError::Truncated)));
    }

    #[test]
    fn gives_up_at_the_deadline_when_reading_and_when_writing() {
        let (mut writer, mut reader) = pair();
        assert!(matches!(reader.next(soon()), Err(FrameError::TimedOut)));
        writer.push(1, &[&vec![0; 4 << 20]]).unwrap();
        assert!(matches!(writer.flush(soon()), Err(FrameError::TimedOut)));
    }
}
