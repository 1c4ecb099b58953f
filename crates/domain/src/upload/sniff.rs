//! What a file is, by its first bytes. What the client says of it counts for nothing.

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    pub media_type: &'static str,
    pub extension: &'static str,
    /// A picture that browsers show and cannot run.
    pub is_picture: bool,
}

const OTHER: Kind = Kind { media_type: "application/octet-stream", extension: "bin", is_picture: false };
const PDF: Kind = Kind { media_type: "application/pdf", extension: "pdf", is_picture: false };

const fn picture(media_type: &'static str, extension: &'static str) -> Kind {
    Kind { media_type, extension, is_picture: true }
}

/// The kind of a file. SVG and HTML are text that runs, and therefore no picture: they are handed out as bytes to
/// save.
pub fn kind(content: &[u8]) -> Kind {
    let starts = |mark: &[u8]| content.starts_with(mark);
    match () {
        () if starts(b"\x89PNG\r\n\x1a\n") => picture("image/png", "png"),
        () if starts(b"\xff\xd8\xff") => picture("image/jpeg", "jpg"),
        () if starts(b"GIF87a") || starts(b"GIF89a") => picture("image/gif", "gif"),
        () if starts(b"RIFF") && content.get(8..12) == Some(b"WEBP") => picture("image/webp", "webp"),
        () if content.get(4..12) == Some(b"ftypavif") => picture("image/avif", "avif"),
        () if starts(b"%PDF-") => PDF,
        () => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_begins_with() {
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n...").extension, "png");
        assert_eq!(kind(b"RIFF\0\0\0\0WEBPVP8 ").extension, "webp");
        for runs in
            [&b"<svg xmlns='http://www.w3.org/2000/svg'>"[..], b"<!doctype html>", b"<?xml version='1.0'?>", b""]
        {
            assert_eq!(kind(runs), OTHER);
        }
    }
}
