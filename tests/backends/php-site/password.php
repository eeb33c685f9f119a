<?php
require 'common.php';

// A new password ends the user's other sessions.
$user = current_user();
if ($user === null) {
    answer(401, ['error' => 'not signed in']);
}
$user['version'] += 1;
write_user($user);
sign_in($user);
header('Location: /index.php', true, 303);
