//! Where a setting comes from, and what is said of one that cannot be used.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::board::Board;

#[test]
fn a_configuration_that_can_be_used_is_told_so_and_nothing_is_started() {
    let board = Board::new();
    let (code, log) = board.ends(|command| command.arg("--check-config"));
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("can be used") && !board.path("state").exists());
}

#[test]
fn what_is_wrong_with_a_configuration_is_said_with_its_place_and_exit_code() {
    let board = Board::new();
    board.write("open.token", "secret");
    std::fs::set_permissions(board.path("open.token"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let token = format!("[receiver]\nurl = \"http://127.0.0.1:1\"\ntoken_file = {:?}\n", board.path("open.token"));
    let updates = format!("[updates]\nroot = {:?}\nchannel = \"stable\"\n", board.path("tiny.dunlin"));
    let no_model = board.config("").replace("model = \"tiny\"\n", "");
    let no_input = board.config("").split("[input]").next().unwrap().to_owned();
    let bad_key = board.config("").replace("team.pub", "tiny.dunlin");
    let no_key = board.config("").replace("team.pub", "nobody.pub");
    for (text, code, words) in [
        (board.config("max_conections = 3\n"), 3, vec!["dunlind.toml", "max_conections", "line 9"]),
        (board.config("max_connections = \"many\"\n"), 3, vec!["dunlind.toml", "max_connections"]),
        ("state_directory = [".to_owned(), 3, vec!["dunlind.toml"]),
        (no_model, 3, vec!["model is not set"]),
        (no_input, 3, vec!["input.socket is not set"]),
        (no_key, 3, vec!["nobody.pub", "check the path"]),
        (bad_key, 3, vec!["tiny.dunlin"]),
        (board.config("[receiver]\nurl = \"example.com\"\n"), 3, vec!["is no URL"]),
        (board.config("[journal]\nmax_days = 0\n"), 3, vec!["journal.max_rows", "1 or more"]),
        (board.config(&token), 5, vec!["open.token", "chmod 600"]),
        (board.config("[updates]\nroot = \"/nowhere\"\nchannel = \"stable\"\n"), 3, vec!["/nowhere"]),
        (board.config(&updates), 3, vec!["receiver.url is not set"]),
        (board.config("[receiver]\ntoken_file = \"/nowhere\"\n"), 3, vec!["receiver.url is not set"]),
        (board.config("max_connections = 0\n"), 3, vec!["max_connections"]),
    ] {
        board.write("dunlind.toml", &text);
        let (found, log) = board.ends(|command| command.arg("--check-config"));
        assert_eq!(found, code, "{text}\n{log}");
        assert!(words.iter().all(|word| log.contains(word)) && !log.contains("secret"), "{words:?}: {log}");
    }
    let (code, _) = board.ends(|command| command.arg("--no-such-flag"));
    assert_eq!(code, 2);
    let ended =
        Command::new(dunlin_tests::daemon()).env_clear().env("DUNLIND_CONFIG", "/nowhere.toml").output().unwrap();
    let log = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.code() == Some(3) && log.contains("/nowhere.toml"), "{log}");
}

#[test]
fn the_command_line_goes_before_the_environment_and_that_before_the_file() {
    let board = Board::new();
    let model = |configure: fn(&mut Command) -> &mut Command| board.ends(configure).1;
    let log = model(|command| command.env("DUNLIND_MODEL", "of_environment"));
    assert!(log.contains("'of_environment'"), "{log}");
    let log = model(|command| command.env("DUNLIND_MODEL", "of_environment").args(["--model", "of_flag"]));
    assert!(log.contains("'of_flag'"), "{log}");
}

#[test]
fn the_configurations_of_the_documentation_can_be_used_on_a_board_that_has_their_files() {
    let board = Board::new();
    board.write("ml-team.pub", &board.key.public_text());
    board.write("root.json", "{}");
    board.write("token", "secret");
    std::fs::set_permissions(board.path("token"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let here = format!("{}/", board.path("").display());
    for page in [include_str!("../../README.md"), include_str!("../../docs/boards.md")] {
        let configuration = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let configuration = configuration.replace("/etc/dunlin/", &here).replace("/usr/share/dunlin/", &here);
        board.write("dunlind.toml", &configuration);
        let (code, log) = board.ends(|command| command.args(["--check-config", "--state-directory", "state"]));
        assert_eq!(code, 0, "{log}");
    }
}
