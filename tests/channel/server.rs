//! How the folder is handed out: fresh, in ranges, and nothing else.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};

use dunlin_channel::Digest;

use crate::desk::Desk;
use crate::phone::{Phone, Serving, get, now_us, served};

#[test]
fn a_bundle_comes_whole_or_in_ranges_under_a_tag_that_stays() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    let serving = Serving::start(&desk.path("channel"), &[]);
    let release = served(&serving.url).releases.remove(0);
    let file = desk.read("tiny-1.dunlin");
    assert!(release.parts.len() > 3, "one part would show nothing");
    let path = format!("/v1/channel/{}", release.path);
    let ask = |headers: &[(&str, &str)]| get(&serving.url, &path, headers);
    let whole = ask(&[]);
    assert_eq!((whole.status, Digest::of(&whole.body)), (200, release.sha256));
    let tag = whole.header("ETag").to_owned();
    assert_eq!(tag, format!("\"{}\"", release.sha256));
    assert_eq!(
        (whole.header("Accept-Ranges"), whole.header("Content-Length")),
        ("bytes", file.len().to_string().as_str())
    );
    let last = ask(&[("Range", "bytes=-10")]);
    assert!(last.status == 206 && last.body == file[file.len() - 10..]);
    let middle = ask(&[("Range", "bytes=5-9"), ("If-Range", &tag)]);
    assert_eq!(middle.header("Content-Range"), format!("bytes 5-9/{}", file.len()));
    assert!(middle.status == 206 && middle.body == file[5..10]);
    assert_eq!(ask(&[("Range", "bytes=5-9"), ("If-Range", "\"other\"")]).status, 200);
    assert_eq!(ask(&[("If-None-Match", &tag)]).status, 304);
    let beyond = ask(&[("Range", "bytes=99999999-")]);
    assert_eq!((beyond.status, beyond.header("Content-Range")), (416, format!("bytes */{}", file.len()).as_str()));
}

#[test]
fn what_is_published_is_served_at_once_and_no_cache_keeps_the_old() {
    let desk = Desk::with_channel();
    let serving = Serving::start(&desk.path("channel"), &[]);
    let ask = |headers: &[(&str, &str)]| get(&serving.url, "/v1/channel/stable.json", headers);
    let first = ask(&[]);
    assert_eq!((first.header("Cache-Control"), first.header("Content-Type")), ("no-cache", "application/json"));
    let tag = first.header("ETag").to_owned();
    assert_eq!(ask(&[("If-None-Match", &tag)]).status, 304);
    desk.publish(1, 100);
    let second = ask(&[("If-None-Match", &tag)]);
    assert_eq!((second.status, second.body == desk.read("channel/stable.json")), (200, true));
    assert_eq!(served(&serving.url).version, 2);
    assert_eq!(get(&serving.url, "/v1/channel/root/1.json", &[]).body, desk.read("channel/root/1.json"));
}

#[test]
fn a_reader_never_sees_half_a_channel_while_it_is_signed_again() {
    let desk = Desk::with_channel();
    let serving = Serving::start(&desk.path("channel"), &[]);
    let mut phone = Phone::new(&desk.read("channel/root/1.json"));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..8 {
                desk.run("channel renew channel --key c1.key").expect(0, &[]);
            }
            done.store(true, Ordering::SeqCst);
        });
        let mut read = 0;
        while !done.load(Ordering::SeqCst) || read == 0 {
            phone.sync(&serving.url).unwrap();
            read += 1;
        }
    });
    assert_eq!(phone.sync(&serving.url).unwrap().version, 9);
}

#[test]
fn no_path_leads_out_of_the_folder_or_to_what_is_no_part_of_a_channel() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    desk.write("channel/secret.txt", "hush");
    desk.write("channel/Secret.json", "hush");
    desk.write("channel/.hidden.json", "hush");
    desk.write("channel/root/x.json", "hush");
    desk.write("channel/bundles/notes.dunlin", "hush");
    desk.write("outside.json", "hush");
    std::fs::create_dir(desk.path("channel/folder.json")).unwrap();
    let serving = Serving::start(&desk.path("channel"), &[]);
    let address = serving.url.trim_start_matches("http://");
    for path in [
        "secret.txt",
        "Secret.json",
        ".hidden.json",
        ".lock",
        "folder.json",
        "../outside.json",
        "..%2foutside.json",
        "%2e%2e%2foutside.json",
        "..%5coutside.json",
        "root/../../outside.json",
        "root/x.json",
        "root/-1.json",
        "root/1.json%00",
        "root/2.json",
        "root/..%2f..%2foutside.json",
        "root/",
        "bundles/notes.dunlin",
        "bundles/..%2f..%2foutside.json",
        "bundles/%2fetc%2fpasswd",
        "bundles/",
        "stable",
        "stable.json/",
        "%ff.json",
        "",
    ] {
        // Byte by byte: a client would tidy the path up.
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /v1/channel/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        assert!(heard.starts_with("HTTP/1.1 40") && !heard.contains("hush"), "{path}: {heard}");
    }
    let missing = get(&serving.url, "/v1/channel/root/2.json", &[]);
    let said: serde_json::Value = serde_json::from_slice(&missing.body).unwrap();
    assert_eq!((missing.status, &said["error"]["code"]), (404, &"not_in_channel".into()));
}

#[test]
fn a_document_that_no_device_would_read_is_not_sent() {
    let desk = Desk::with_channel();
    let serving = Serving::start(&desk.path("channel"), &[]);
    desk.write("channel/stable.json", vec![b' '; (256 << 10) + 1]);
    assert_eq!(get(&serving.url, "/v1/channel/stable.json", &[]).status, 500);
}

#[test]
fn a_token_guards_the_channel_too() {
    let desk = Desk::with_channel();
    desk.write("tokens", "a-token-for-tests-only\n");
    let tokens = desk.path("tokens").display().to_string();
    let serving = Serving::start(&desk.path("channel"), &["--token-file", &tokens]);
    for path in ["stable.json", "root/1.json", &format!("bundles/{}.dunlin", Digest::of(b""))] {
        let path = format!("/v1/channel/{path}");
        assert_eq!(get(&serving.url, &path, &[]).status, 401);
        let let_in = get(&serving.url, &path, &[("Authorization", "Bearer a-token-for-tests-only")]);
        assert_eq!(let_in.status, if path.contains("bundles") { 404 } else { 200 });
    }
}

#[test]
fn a_folder_without_a_channel_is_told_at_the_start() {
    let desk = Desk::new();
    desk.run("serve --data served --listen 127.0.0.1:0 --channel .")
        .expect(1, &["no root/1.json", "dunlin channel init"]);
}

#[test]
fn a_download_that_broke_off_goes_on_after_a_restart_with_what_is_missing() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    let mut phone = Phone::new(&desk.read("channel/root/1.json"));
    let serving = Serving::start(&desk.path("channel"), &[]);
    let channel = phone.sync(&serving.url).unwrap();
    let release = phone.choose(&channel).0.unwrap();
    let file = phone.fetch(&serving.url, &release);
    drop(serving);

    // What the disk has after a crash: two parts, one of them damaged.
    let part_bytes = release.part_bytes as usize;
    let mut disk = file[..2 * part_bytes].to_vec();
    disk[part_bytes + 7] ^= 1;
    let serving = Serving::start(&desk.path("channel"), &[]);
    let mut parts = dunlin_channel::Parts::of(&release);
    for (index, kept) in disk.chunks(part_bytes).enumerate() {
        let _ = parts.check(index, kept);
    }
    assert_eq!(parts.missing_bytes(), release.bytes - release.part_bytes);
    disk.resize(file.len(), 0);
    let mut asked = Vec::new();
    while let Some(part) = parts.next() {
        let answer = get(&serving.url, &format!("/v1/channel/{}", release.path), &[("Range", &part.range())]);
        parts.check(part.index, &answer.body).unwrap();
        disk[part.start as usize..][..answer.body.len()].copy_from_slice(&answer.body);
        asked.push(part.index);
    }
    assert!(disk == file && asked == (1..release.parts.len()).collect::<Vec<_>>());
    assert!(channel.expires_us > now_us());
}
