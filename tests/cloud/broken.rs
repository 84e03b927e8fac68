//! A server that cannot store says so and loses nothing; one that cannot start says why.

use std::path::Path;

use dunlin_cloud::{Config, Limits, ModelsError, Server, StartError, StoreError};

use crate::client::{Running, demo_key, envelope, golden};

#[test]
fn a_full_disk_is_answered_with_503_and_what_was_acknowledged_is_still_there() {
    let running = Running::with(|config| config.limits = Limits { max_database_bytes: 160 << 10, ..Limits::default() });
    let mut stored = 0;
    let full = (0..5_000).find_map(|window| {
        let answer = running.client.upload(&envelope(&format!("id-{window}"), "abc", window));
        stored += u32::from(answer.status == 200);
        (answer.status != 200).then_some(answer)
    });
    let full = full.expect("it is full at last");
    assert_eq!(full.verdict(), (503, "cannot_store".into()));
    assert!(full.header("Retry-After").parse::<u64>().unwrap() > 0);
    let statistics = running.client.statistics();
    assert_eq!(statistics["uploads"], stored);
    assert_eq!(statistics["windows_counted_twice"], 0);
    // What is known is acknowledged all the same.
    assert_eq!(running.client.upload(&envelope("id-0", "abc", 0)).json()["receipt"], "duplicate");
}

fn refused(change: impl FnOnce(&mut Config, &Path)) -> StartError {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::new(folder.path().join("data"));
    change(&mut config, folder.path());
    match Server::start(config) {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

#[test]
fn a_port_in_use_is_named() {
    let running = Running::new();
    let address = running.server.as_ref().unwrap().address();
    let error = refused(|config, _| config.listen = address);
    assert!(matches!(error, StartError::Listen { address: found, .. } if found == address), "{error}");
}

#[test]
fn a_server_without_a_token_does_not_listen_to_other_machines_unless_told_to() {
    let everywhere = ([0, 0, 0, 0], 0).into();
    let error = refused(|config, _| config.listen = everywhere);
    assert!(matches!(error, StartError::Open { .. }), "{error}");
    Running::with(|config| (config.listen, config.open) = (everywhere, true));
}

#[test]
fn a_data_folder_that_is_none_and_one_of_a_later_program_are_told_apart() {
    let error = refused(|config, folder| {
        std::fs::write(folder.join("data"), b"a file").unwrap();
        config.data = folder.join("data");
    });
    assert!(matches!(error, StartError::Data { source: StoreError::Folder { .. }, .. }), "{error}");
    let error = refused(|config, folder| {
        std::fs::create_dir(folder.join("data")).unwrap();
        std::fs::write(folder.join("data/cloud.db"), [7; 4096]).unwrap();
        config.data = folder.join("data");
    });
    assert!(error.to_string().contains("it is damaged"), "{error}");
}

#[test]
fn bundles_that_cannot_be_trusted_stop_the_start_by_their_name() {
    let with = |name: &'static str, change: fn(&mut Vec<u8>)| {
        refused(move |config, folder| {
            let mut bytes = std::fs::read(golden("digits-q8_0.dunlin")).unwrap();
            change(&mut bytes);
            std::fs::write(folder.join(name), bytes).unwrap();
            config.bundles = Some(folder.to_owned());
            config.keys = demo_key();
        })
    };
    let error = with("damaged.dunlin", |bytes| bytes[60_000] ^= 1);
    assert!(error.to_string().contains("damaged.dunlin"), "{error}");
    let error = with("cut.dunlin", |bytes| bytes.truncate(1000));
    assert!(error.to_string().contains("cut.dunlin"), "{error}");
    let error = refused(|config, folder| {
        std::fs::copy(golden("digits-q8_0.dunlin"), folder.join("unsigned.dunlin")).unwrap();
        config.bundles = Some(folder.to_owned());
    });
    assert!(error.to_string().contains("unsigned.dunlin"), "{error}");
    let error = refused(|config, folder| config.bundles = Some(folder.join("nowhere")));
    assert!(matches!(error, StartError::Models(ModelsError::Folder { .. })), "{error}");
}

#[test]
fn two_bundles_of_one_sequence_are_refused_by_both_names() {
    let error = refused(|config, folder| {
        for name in ["digits-f32.dunlin", "digits-q8_0.dunlin"] {
            std::fs::copy(golden(name), folder.join(name)).unwrap();
        }
        config.bundles = Some(folder.to_owned());
        config.keys = demo_key();
    });
    assert!(matches!(error, StartError::Models(ModelsError::Twins { sequence: 1, .. })), "{error}");
}
