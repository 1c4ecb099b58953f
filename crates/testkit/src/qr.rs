//! Reads a QR code as a phone would: from the picture.

use data_encoding::BASE64;

/// The width in pixels and the text of a PNG data URL.
pub fn read(data_url: &str) -> (usize, String) {
    let encoded = data_url.strip_prefix("data:image/png;base64,").expect("a PNG data URL");
    let bytes = BASE64.decode(encoded.as_bytes()).expect("Base64");
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("a frame");
    let (side, samples) = (info.width as usize, info.color_type.samples());
    let grey = |x: usize, y: usize| pixels[(y * side + x) * samples];
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, info.height as usize, grey);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "one symbol");
    (side, grids[0].decode().expect("a readable symbol").1)
}
