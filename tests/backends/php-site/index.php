<?php
require 'common.php';

header('Content-Type: text/html');
?>
<!doctype html>
<title>Home</title>
<p>Hello <?= htmlspecialchars(current_user()['name'] ?? 'stranger') ?></p>
