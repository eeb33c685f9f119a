<?php
require 'common.php';

$user = current_user();
if ($user === null) {
    answer(401, ['error' => 'not signed in']);
}
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $user['motto'] = $_POST['motto'];
    write_user($user);
}
answer(200, ['id' => $user['id'], 'name' => $user['name'], 'motto' => $user['motto']]);
