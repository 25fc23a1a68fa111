"""Stage one under engines that people have: functions of a batch of rows, and how each engine calls them."""
