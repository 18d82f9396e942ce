//! The machine's serial line: a screen of 80x24, or the shell that the flavour `debug` has there.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::machine::PATIENCE;

/// Between two looks at what came.
const LOOK: Duration = Duration::from_millis(100);

/// The other end of the line.
pub struct Line {
    socket: UnixStream,
    came: Arc<Mutex<Vec<u8>>>,
}

impl Line {
    /// Takes up the line of a machine that is running, and notes all that comes.
    pub fn connect(path: &Path) -> Self {
        let socket = UnixStream::connect(path).expect("the serial line");
        let came = Arc::new(Mutex::new(Vec::new()));
        let (mut reader, sink) = (socket.try_clone().unwrap(), Arc::clone(&came));
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                sink.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Self { socket, came }
    }

    /// All that came so far.
    pub fn came(&self) -> Vec<u8> {
        self.came.lock().unwrap().clone()
    }

    /// Sends keys.
    pub fn send(&self, keys: &str) {
        (&self.socket).write_all(keys.as_bytes()).expect("the serial line");
    }

    /// The rows of the screen of 80x24 on the line.
    pub fn rows(&self) -> Vec<String> {
        let mut parser = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
        parser.process(&self.came());
        parser.screen().rows(0, 80).map(|row| row.trim_end().to_owned()).collect()
    }

    /// Runs a command in the shell of the flavour `debug`; what it prints.
    pub fn run(&self, command: &str) -> String {
        let before = self.came().len();
        let start = Instant::now();
        // The marks are put together by the shell, so that they are not found in its echo.
        self.send(&format!("echo '<''<<'; {command}; echo '>''>>'\n"));
        loop {
            let said = String::from_utf8_lossy(&self.came()[before..]).replace('\r', "");
            if let Some((_, rest)) = said.split_once("<<<\n")
                && let Some((printed, _)) = rest.split_once(">>>\n")
            {
                return printed.trim().to_owned();
            }
            assert!(start.elapsed() < PATIENCE, "`{command}` prints nothing; the line has: {said}");
            thread::sleep(LOOK);
        }
    }
}
