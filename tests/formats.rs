//! Real requests and responses of the root zone, BIND and Knot, read and written.

#[cfg(test)]
mod formats {
    use std::fs;
    use std::path::{Path, PathBuf};

    use claviger::exchange::{
        Document, Format, Limits, Request, Response, read, read_request, read_response, write_request, write_response,
    };

    /// The folder of real files, or `None`, which is said, where the variable is unset.
    fn samples(folder: &str) -> Option<PathBuf> {
        #[expect(clippy::disallowed_methods, reason = "tests alone find the real files by this variable")]
        let root = std::env::var("CLAVIGER_SAMPLES");
        if root.is_err() {
            println!("skipped: CLAVIGER_SAMPLES is unset");
        }
        root.ok().map(|root| Path::new(&root).join(folder))
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(!files.is_empty(), "{}", folder.display());
        files
    }

    fn write(document: &Document) -> Vec<u8> {
        match document {
            Document::Request(request) => write_request(request).unwrap(),
            Document::Response(response) => write_response(response).unwrap(),
        }
    }

    fn read_file(path: &Path) -> (Vec<u8>, Document) {
        let bytes = fs::read(path).unwrap();
        let document = read(&bytes, &Limits::default());
        let document = document.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (bytes, document)
    }

    fn byte_for_byte(path: &Path) {
        let (bytes, document) = read_file(path);
        let [expected, found] = [bytes, write(&document)].map(|bytes| String::from_utf8(bytes).unwrap());
        for (number, (expected, found)) in expected.lines().zip(found.lines()).enumerate() {
            assert_eq!(found, expected, "{}, line {}", path.display(), number + 1);
        }
        assert_eq!(found, expected, "{}", path.display());
    }

    #[test]
    fn bind_files_are_written_byte_for_byte() {
        let Some(folder) = samples("bind") else { return };
        for folder in files(&folder) {
            byte_for_byte(&folder.join("ksr.txt"));
            byte_for_byte(&folder.join("skr.txt"));
        }
    }

    #[test]
    fn knot_files_are_written_byte_for_byte() {
        let Some(folder) = samples("knot") else { return };
        for folder in files(&folder) {
            byte_for_byte(&folder.join("ksr.txt"));
            byte_for_byte(&folder.join("skr.txt"));
        }
    }

    #[test]
    fn root_zone_files_read_again_as_they_were() {
        let Some(folder) = samples("root") else { return };
        for path in files(&folder) {
            let (_, document) = read_file(&path);
            let again = read(&write(&document), &Limits::default());
            assert_eq!(again, Ok(document), "{}", path.display());
        }
    }

    #[test]
    fn the_roots_request_and_response_say_what_is_known_of_them() {
        let Some(folder) = samples("root") else { return };
        let bytes = fs::read(folder.join("ksr-root-2017-q2-0.xml")).unwrap();
        let request: Request = read_request(&bytes, &Limits::default()).unwrap();
        assert_eq!(request.format, Format::RootXml);
        assert_eq!(request.zone.to_string(), ".");
        assert_eq!(request.bundles.len(), 9);
        assert_eq!(request.bundles[0].keys.len(), 2);
        assert_eq!(request.bundles[0].keys[0].key.declared_tag, Some(14796));
        assert_eq!(request.bundles[0].keys[0].key.dnskey.key_tag(), 14796);
        assert_eq!(request.root.unwrap().id, "23e34059-7725-46a8-a7d2-662d657aab2b");
        assert!(request.notices.is_empty());
        let bytes = fs::read(folder.join("skr-root-2017-q3-0-c_to_d.xml")).unwrap();
        let response: Response = read_response(&bytes, &Limits::default()).unwrap();
        assert_eq!(response.bundles.len(), 9);
        let tags: Vec<u16> = response.bundles[1].keys().iter().map(|key| key.dnskey.key_tag()).collect();
        assert_eq!(tags, [15768, 19036, 20326]);
        assert!(read_request(&bytes, &Limits::default()).is_err());
    }
}
