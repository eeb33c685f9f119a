<?php
require 'common.php';

$user = read_user($_POST['name'] ?? '');
if ($user === null) {
    answer(403, ['error' => 'unknown']);
}
sign_in($user);
header('Location: /index.php', true, 303);
