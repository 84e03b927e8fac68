//! A publisher with keys of its own, whose documents the tests sign as they like.

use dunlin_channel::{Channel, Digest, Envelope, Key, Recall, Release, Role, Roles, Root, Signed, Trust};
use minisign::KeyPair;

/// A Saturday in 2026, µs since 1970 UTC.
pub(crate) const NOW: i64 = 1_790_000_000_000_000;
pub(crate) const DAY: i64 = 86_400_000_000;

/// Keys `r1`, `r2`, `r3` for roots, `c1`, `c2` for channels, `b1` for bundles, and `x1`, which no root names.
pub(crate) struct World(Vec<(&'static str, KeyPair)>);

impl World {
    pub(crate) fn new() -> Self {
        let pair = |name| (name, KeyPair::generate_unencrypted_keypair().expect("the system has randomness"));
        Self(["r1", "r2", "r3", "c1", "c2", "b1", "x1"].map(pair).into())
    }

    pub(crate) fn pair(&self, name: &str) -> &KeyPair {
        &self.0.iter().find(|(known, _)| *known == name).expect("a key of the world").1
    }

    pub(crate) fn key(&self, name: &str) -> Key {
        Key::parse(&self.pair(name).pk.to_base64()).expect("a public key")
    }

    /// Root 1: two of `r1`, `r2`, `r3`; `c1` signs channels, `b1` bundles.
    pub(crate) fn root(&self) -> Root {
        let names = ["r1", "r2", "r3", "c1", "b1"];
        Root {
            version: 1,
            issued_us: NOW - 10 * DAY,
            expires_us: NOW + 365 * DAY,
            keys: names.map(|name| (name.to_owned(), self.key(name))).into(),
            roles: Roles { root: role(&["r1", "r2", "r3"], 2), channel: role(&["c1"], 1), bundle: role(&["b1"], 1) },
        }
    }

    pub(crate) fn minisig(&self, key: &str, bytes: &[u8]) -> String {
        minisign::sign(None, &self.pair(key).sk, bytes, Some("a test"), Some("a test"))
            .expect("a fresh key signs")
            .into_string()
    }

    /// A signature by one key under the name of another.
    pub(crate) fn signed_as(&self, name: &str, key: &str, payload: &str) -> Signed {
        Signed { key: name.to_owned(), minisig: self.minisig(key, payload.as_bytes()) }
    }

    pub(crate) fn seal(&self, payload: String, keys: &[&str]) -> Vec<u8> {
        let signatures = keys.iter().map(|key| self.signed_as(key, key, &payload)).collect();
        Envelope { payload, signatures }.to_json().into_bytes()
    }

    pub(crate) fn seal_root(&self, root: &Root, keys: &[&str]) -> Vec<u8> {
        self.seal(root.to_payload(), keys)
    }

    pub(crate) fn seal_channel(&self, channel: &Channel, keys: &[&str]) -> Vec<u8> {
        self.seal(channel.to_payload(), keys)
    }

    /// A device as it leaves the shop, with root 1.
    pub(crate) fn device(&self) -> Trust {
        Trust::shipped(&self.seal_root(&self.root(), &["r1", "r2"]), "stable").expect("an honest root")
    }

    /// Root 2: `c2` signs channels in the place of `c1`.
    pub(crate) fn rotated_root(&self) -> Root {
        let mut root = self.root();
        (root.version, root.issued_us) = (2, NOW);
        root.keys.remove("c1");
        root.keys.insert("c2".to_owned(), self.key("c2"));
        root.roles.channel = role(&["c2"], 1);
        root
    }
}

pub(crate) fn role(keys: &[&str], threshold: usize) -> Role {
    Role { keys: keys.iter().map(|key| (*key).to_owned()).collect(), threshold }
}

/// The channel `stable` with one release, signed a day ago for two weeks.
pub(crate) fn channel(version: u64) -> Channel {
    Channel {
        name: "stable".to_owned(),
        version,
        issued_us: NOW - DAY,
        expires_us: NOW + 13 * DAY,
        releases: vec![release(7)],
        recalled: vec![recall(3)],
    }
}

/// A release of 2,500 bytes in parts of 1,024.
pub(crate) fn release(sequence: u64) -> Release {
    let file = file(2_500);
    Release {
        model_id: "digits".to_owned(),
        version: format!("1.{sequence}.0"),
        sequence,
        from_sequence: 0,
        digest: digest(sequence),
        sha256: Digest::of(&file),
        bytes: 2_500,
        part_bytes: 1_024,
        parts: file.chunks(1_024).map(Digest::of).collect(),
        path: format!("bundles/{}.dunlin", Digest::of(&file)),
        arch: Vec::new(),
        rollout_percent: 100,
        halted: false,
    }
}

pub(crate) fn recall(sequence: u64) -> Recall {
    let reason = "wrong labels in training".to_owned();
    Recall { model_id: "digits".to_owned(), sequence, digest: digest(sequence), reason }
}

/// The digest of the release of a sequence.
pub(crate) fn digest(sequence: u64) -> Digest {
    Digest::of(&sequence.to_be_bytes())
}

/// A file whose bytes differ from place to place.
pub(crate) fn file(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at * 31 % 251) as u8).collect()
}

/// Whether a document is refused by this code, and nothing of it remembered.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(
    trust: &mut Trust,
    offer: impl FnOnce(&mut Trust) -> Result<T, dunlin_channel::ChannelError>,
    code: &str,
) -> String {
    let before = trust.clone();
    let error = offer(trust).expect_err("it was taken");
    assert_eq!(error.code(), code, "{error}");
    assert_eq!(*trust, before, "something of a refused document was remembered");
    error.to_string()
}
